// What the drivers have in common: a job as the first argument (JSON), commands on stdin and reports on stdout, one JSON
// object a line. A driver ends when stdin does, so that none outlives the test that started it.
import { createInterface } from "node:readline";

export const job = JSON.parse(process.argv[2] ?? "{}");

export function say(type, more = {}) {
  process.stdout.write(JSON.stringify({ type, ...more }, binary) + "\n");
}

// Binary attachments, as the recordings write them.
function binary(key, value) {
  const original = this[key];
  if (original instanceof ArrayBuffer) return { $binary: Buffer.from(original).toString("base64") };
  if (Buffer.isBuffer(original)) return { $binary: original.toString("base64") };
  return value;
}

export function onCommand(handle) {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (line.trim()) handle(JSON.parse(line));
  });
  lines.on("close", () => process.exit(0));
}
