// Reads server-sent events from fetch(): EventSource can neither send a token nor tell a refusal or a silent
// connection from one that is well.

// The JSON in each event's data; of an answer without content, nothing. `onLine` is called with every line, comments
// too.
export async function* messages(answer, onLine) {
  if (!answer.body) return onLine("");
  const type = answer.headers.get("Content-Type") ?? "";
  if (!type.startsWith("text/event-stream")) throw new Error(`Expected a stream, got ${type}.`);
  const data = [];
  for await (const line of lines(answer.body)) {
    onLine(line);
    if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
    if (line === "" && data.length > 0) yield JSON.parse(data.splice(0).join("\n"));
  }
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = parts.pop();
      yield* parts;
    }
  } finally {
    reader.cancel().catch(() => {}); // of a connection that broke
  }
}
