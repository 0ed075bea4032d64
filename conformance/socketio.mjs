// The official Socket.IO client, version 4, 3 or 2.
//
//   node socketio.mjs '{"url":"http://127.0.0.1:8080","namespaces":["/acme"],"options":{"query":{"apikey":".."}}}'
//
// Job:
//   url          of the server, without a namespace
//   namespaces   to join, default ["/"]
//   version      4 (default), 3 or 2
//   options      of io()
//   resume       true: `auth.offset` is the last `seq` that was seen (at first `offset`, or null: only learn the place)
//   offset       where to begin, with `resume`
//
// Reports: connect, connect_error, disconnect, event, upgrade, closed (the transport, with the reason), reconnect,
// reconnect_error, ack. Commands: {"emit":"name","namespace":"/acme","arguments":[..],"ack":true}, {"disconnect":"/acme"},
// {"connect":"/acme"}, {"drop":true} (the transport is cut, as by a bad network).
import { job, onCommand, say } from "./lines.mjs";

const version = job.version ?? 4;
const client = await import(version === 4 ? "socket.io-client" : `socket.io-client-${version}`);
const io = version === 2 ? client.default : client.io;

const options = { reconnectionDelay: 50, reconnectionDelayMax: 500, ...job.options };
const namespaces = job.namespaces ?? ["/"];
const places = new Map(namespaces.map((name) => [name, job.offset ?? null]));
const sockets = new Map();
const report = (error) => ({ message: error?.message ?? String(error), data: error?.data, description: text(error?.description) });
const text = (value) => (value === undefined ? undefined : value?.message ?? String(value));

for (const namespace of namespaces) {
  const own = { ...options };
  if (job.resume) own.auth = (answer) => answer({ ...options.auth, offset: places.get(namespace) });
  const socket = io(job.url + (namespace === "/" ? "" : namespace), own);
  sockets.set(namespace, socket);
  const transport = () => socket.io.engine?.transport?.name;
  socket.on("connect", () => say("connect", { namespace, id: socket.id, transport: transport() }));
  socket.on(version === 2 ? "error" : "connect_error", (error) => say("connect_error", { namespace, ...report(error) }));
  socket.on("disconnect", (reason) => say("disconnect", { namespace, reason }));
  const event = (name, args) => {
    const seq = args[0]?.seq ?? (name === "replay.end" ? args[0]?.to : undefined);
    if (typeof seq === "number") places.set(namespace, seq);
    say("event", { namespace, name, arguments: args, transport: transport() });
  };
  if (version === 2) {
    // There is no onAny yet: look at the packets.
    const original = socket.onevent;
    socket.onevent = function (packet) {
      event(packet.data[0], packet.data.slice(1));
      original.call(this, packet);
    };
  } else {
    socket.onAny((name, ...args) => event(name, args));
  }
}

const manager = [...sockets.values()][0].io;
manager.on(version === 2 ? "connect_error" : "error", (error) => say("manager_error", report(error)));
manager.on("reconnect", (attempt) => say("reconnect", { attempt }));
manager.on("reconnect_error", (error) => say("reconnect_error", report(error)));
manager.on("reconnect_failed", () => say("reconnect_failed"));
const watched = new WeakSet();
const watch = () => {
  const engine = manager.engine;
  if (!engine || watched.has(engine)) return;
  watched.add(engine);
  engine.on("upgrade", (transport) => say("upgrade", { transport: transport.name }));
  engine.on("upgradeError", (error) => say("upgrade_error", report(error)));
  engine.on("close", (reason) => say("closed", { reason: text(reason) }));
};
manager.on("open", watch);
manager.on("reconnect_attempt", () => setImmediate(watch));
watch();

onCommand((command) => {
  if (command.emit) {
    const namespace = command.namespace ?? namespaces[0];
    const args = [...(command.arguments ?? [])];
    if (command.ack) args.push((...answer) => say("ack", { name: command.emit, arguments: answer }));
    sockets.get(namespace).emit(command.emit, ...args);
  } else if (command.disconnect) {
    sockets.get(command.disconnect).disconnect();
  } else if (command.connect) {
    sockets.get(command.connect).connect();
  } else if (command.drop) {
    manager.engine.close();
  }
});
