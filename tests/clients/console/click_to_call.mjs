// Click-to-call over the console API, with nothing but what node brings: fetch, and server-sent events read from its body.
//
//     node click_to_call.mjs http://HOST:PORT/api/v1 TOKEN
//
// Prints one JSON object: the types of the call's events in order, and whether its record balances.

const [base, token] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${token}` };

async function ask(method, path, body) {
  const answer = await fetch(base + path, {
    method,
    headers: { ...headers, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(told)}`);
  return told;
}

async function* events(query) {
  const answer = await fetch(`${base}/events?${query}`, { headers: { ...headers, Accept: "text/event-stream" } });
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of answer.body) {
    text += decoder.decode(chunk, { stream: true });
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const data = text.slice(0, end).split("\n").find((line) => line.startsWith("data: "));
      if (data) yield JSON.parse(data.slice(6));
    }
  }
}

const stream = events("detail=facts");
await stream.next(); // the first heartbeat: the stream stands
const { result } = await ask("POST", "/calls/make_call", { from: "1003", to: "1004", prompt: "ring" });
const types = [];
for await (const event of stream) {
  if (!event.calls?.includes(result.call)) continue;
  types.push(event.type);
  if (event.type === "prompted") await ask("POST", "/test/phones/1003/answer", {});
  if (event.type === "delivered") await ask("POST", "/test/phones/1004/answer", {});
  if (event.type === "established") await ask("POST", `/connections/${result.connection}/clear_connection`, {});
  if (event.type === "call_cleared") {
    const explained = await ask("GET", `/records/${result.call}/explain?min_seq=${event.seq}`);
    console.log(JSON.stringify({ types, balanced: explained.balanced }));
    process.exit(0);
  }
}
throw new Error("the stream ended before the call did");
