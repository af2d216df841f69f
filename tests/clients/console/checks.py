"""What the property-based client does beyond its own: no answer is a fault of ours, every refusal is a declared one, and no
request waits for what will never be."""

import schemathesis

# A read waits for its `min_seq`; a made-up one is far ahead, and five seconds for each would be all that is done.
SEQ_MAX = 40


@schemathesis.hook
def before_call(context, case, **kwargs):
    seq = (case.query or {}).get("min_seq")
    if isinstance(seq, int) and seq > SEQ_MAX:
        case.query["min_seq"] = seq % SEQ_MAX


@schemathesis.check
def no_fault_of_ours(ctx, response, case):
    if response.status_code < 400:
        return
    problem = response.json()
    declared = case.operation.schema.raw_schema["components"]["x-refusals"].get(problem["refusal"])
    assert declared, f"{problem['refusal']} is not declared"
    told = {field: problem[field] for field in ("status", "blame", "outcome")}
    assert told == {field: declared[field] for field in told}, f"{told} is not as declared: {declared}"
    assert response.status_code == problem["status"] != 500, f"a fault of ours: {problem}"
