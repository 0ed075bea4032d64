// `ws`, the usual WebSocket client of Node.
//
//   node websocket.mjs '{"url":"ws://127.0.0.1:8080/ws/acme","options":{"headers":{"apikey":".."}},"protocols":[]}'
//
// Reports: open, message, ping, unexpected (an HTTP answer instead of 101, with status, content type and body), error,
// close. Command: {"send":"text"}.
import WebSocket from "ws";
import { job, onCommand, say } from "./lines.mjs";

const started = process.hrtime.bigint();
const elapsed = () => Number(process.hrtime.bigint() - started) / 1e6;
const socket = new WebSocket(job.url, job.protocols ?? [], job.options ?? {});
socket.on("open", () => say("open", { protocol: socket.protocol, milliseconds: elapsed() }));
socket.on("message", (data, binary) => say("message", { text: data.toString(), binary }));
socket.on("ping", () => say("ping"));
socket.on("error", (error) => say("error", { message: error.message }));
socket.on("close", (code, reason) => say("close", { code, reason: reason.toString() }));
socket.on("unexpected-response", (request, response) => {
  let body = "";
  response.on("data", (part) => (body += part));
  response.on("end", () => {
    const { statusCode: status, headers } = response;
    say("unexpected", { status, contentType: headers["content-type"], body, milliseconds: elapsed() });
    request.destroy();
  });
});
onCommand((command) => {
  if (command.send !== undefined) socket.send(command.send);
});
