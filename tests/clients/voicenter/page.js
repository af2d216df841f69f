// The page of the vendor's document, in a browser that is only as much of one as the listener script needs.
//
//     node --experimental-websocket page.js HOST:PORT CODE COUNT [before | tries]
//
// Loads the script as a page does, then runs the vendor's sample (before it with "before"); prints one JSON object per callback, and
// ends after COUNT events of extensions. With "tries" it does not wait before it tries again, prints the pauses instead, and ends after
// COUNT failures.
"use strict";
const vm = require("node:vm");

const [host, code, count, mode] = process.argv.slice(2);
const source = `http://${host}/voicenterMonitorListener.js`;

function tell(step, values) {
  console.log(JSON.stringify({ step, ...values }));
}

// The sample of the vendor's document; only what it shows on the page is printed here.
const SAMPLE = `
  window.voicenterAsyncLoad = function() {
    voicenterListener = new voicenterMonitor();
    voicenterListener.connect();
    voicenterListener.onConnect = function(errorCode) {
      tell("connect", { errorCode: errorCode });
      if (errorCode != 0 && --left === 0) {
        voicenterListener.disconnect();
      }
      if (errorCode == 0) {
        voicenterListener.loginUserCode("wrong");
        voicenterListener.loginUserCode(code);
      }
    };
    voicenterListener.onLoginResponse = function(errorCode, errorDesc) {
      tell("login", { errorCode: errorCode, errorDesc: errorDesc });
    };
    voicenterListener.onExtensionEvent = function(res) {
      tell("event", { reason: res.reason, extension: res.data.extenUser, status: res.data.currentCall.callstatus });
      left -= 1;
      if (left === 0) {
        voicenterListener.disconnect();
      }
    };
    voicenterListener.onAllExtensionsEvent = function(data) {
      tell("all", { count: data.extensions.length, first: data.extensions[0].userName });
    };
    voicenterListener.onDisconnect = function() { tell("disconnect", {}); };
  };
`;

// A pause of seconds is told instead of made.
function hasty(run, ms) {
  if (ms >= 1000) {
    tell("pause", { ms });
  }
  return setTimeout(run, ms >= 1000 ? 0 : ms);
}

async function main() {
  const text = mode === "tries" ? await (await fetch(process.env.SCRIPT)).text() : await (await fetch(source)).text();
  const page = {
    document: { currentScript: { src: source }, addEventListener() {} },
    setTimeout: mode === "tries" ? hasty : setTimeout,
    WebSocket, clearTimeout, setInterval, clearInterval, tell, code, left: Number(count),
  };
  page.window = page;
  vm.createContext(page);
  const steps = [text, SAMPLE];
  if (mode === "before") {
    steps.reverse();
  }
  for (const step of steps) {
    vm.runInContext(step, page);
  }
}

main();
