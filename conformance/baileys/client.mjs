// Baileys as npm has it. Changed are the trusted root key and the host, from outside; its files are not touched.
//
//   node client.mjs '{"version":"7.0.0-rc14","host":"127.0.0.1:28617","root":"<hex>","state":"/tmp/alice"}'
//
// Job:
//   version   which of the installed versions
//   host      of the simulator: the WebSocket, and media over plain HTTP
//   root      the simulator's root key, hexadecimal
//   state     a folder for the credentials; a second client with the same folder is the same device
//   code      a phone number: ask for an 8-character code as soon as a QR code could be shown
//
// Reports: qr, code, connection (as Baileys tells it, with the status code of the last end), event (name, data), answer and
// failed (id of the command). Commands, each with an `id`:
//   {"call": "sendMessage", "arguments": [..]}   any method of the socket; {"$binary": ".."} is a buffer (base64),
//                                                {"$date": 1795401809000} a Date (milliseconds), and
//                                                {"$message": "<id>"} a message that was sent or received before
//   {"download": "<id>"}                         the media of such a message: its size and its SHA-256
//   {"votes": "<id>"}                            the votes of a poll so far
//   {"end": true}, {"start": true}               disconnect; connect again
import crypto from "node:crypto";
import http from "node:http";
import https from "node:https";
import { syncBuiltinESMExports } from "node:module";
import pino from "pino";
import { job, onCommand, say } from "../lines.mjs";

// Media is meant to come over TLS from hosts of WhatsApp's; here it comes over plain HTTP from the simulator.
const media = (url) => ["127.0.0.1", "mmg.whatsapp.net"].includes(url.hostname);
const plain = (url) => new URL(url.pathname + url.search, `http://${job.host}`);
const request = https.request;
https.request = (first, second, third) => {
  if (!(first instanceof URL || typeof first === "string")) {
    if (first.hostname !== "127.0.0.1") return request(first, second);
    return http.request({ ...first, protocol: "http:", agent: undefined }, second);
  }
  const url = new URL(first);
  if (!media(url)) return request(first, second, third);
  return typeof second === "function" ? http.request(plain(url), second) : http.request(plain(url), { ...second, agent: undefined }, third);
};
syncBuiltinESMExports();
const originalFetch = globalThis.fetch;
globalThis.fetch = (input, options) => {
  const url = new URL(String(input));
  return originalFetch(media(url) ? plain(url) : input, options);
};

const baileys = await import(`baileys-${job.version}`);
baileys.WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(job.root, "hex");
const { state, saveCreds } = await baileys.useMultiFileAuthState(job.state);
const logger = pino({ level: process.env.POMBO_BAILEYS_LOG ?? "silent" }, pino.destination(2));

const messages = new Map();
const votes = new Map();
const remember = (message) => {
  if (message?.key?.id) messages.set(message.key.id, message);
};
let socket;
let asked = false;

function start() {
  socket = baileys.makeWASocket({
    auth: state,
    waWebSocketUrl: `ws://${job.host}/ws/chat`,
    logger,
    version: [2, 3000, 1030000000],
    browser: baileys.Browsers.ubuntu("Chrome"),
    syncFullHistory: false,
    ...(job.options ?? {}),
    getMessage: async (key) => messages.get(key.id)?.message,
  });
  socket.ev.on("creds.update", saveCreds);
  socket.ev.on("connection.update", async (update) => {
    const { qr, lastDisconnect, ...rest } = update;
    const code = lastDisconnect?.error?.output?.statusCode;
    say("connection", { ...rest, code, reason: lastDisconnect?.error?.message });
    if (qr && job.code && !asked) {
      asked = true;
      try {
        say("code", { code: await socket.requestPairingCode(job.code) });
      } catch (error) {
        say("failed", { message: String(error?.stack ?? error) });
      }
    } else if (qr && !job.code) {
      say("qr", { qr });
    }
    // After pairing the server asks for a new connection.
    if (update.connection === "close" && code === 515) start();
  });
  for (const name of [
    "messages.update", "messages.delete", "message-receipt.update", "messages.reaction", "presence.update", "groups.upsert",
    "groups.update", "group-participants.update", "group.join-request", "chats.upsert", "chats.update", "chats.delete",
    "contacts.upsert", "contacts.update", "call", "labels.edit", "labels.association", "blocklist.set", "blocklist.update",
    "newsletter.reaction", "messages.media-update", "lid-mapping.update",
  ]) {
    socket.ev.on(name, (data) => say("event", { name, data }));
  }
  socket.ev.on("messages.upsert", ({ messages: upserted, type }) => {
    upserted.forEach(remember);
    upserted.forEach(openVote);
    say("event", { name: "messages.upsert", data: { type, messages: upserted } });
  });
  socket.ev.on("messaging-history.set", ({ messages: old, chats, contacts, syncType, progress }) => {
    old.forEach(remember);
    say("event", { name: "messaging-history.set", data: { chats, contacts, messages: old.map(({ key }) => key), syncType, progress } });
  });
}

// Baileys leaves votes closed; whoever wants to see them opens them with its help.
function openVote(message) {
  const vote = message.message?.pollUpdateMessage;
  const poll = vote && messages.get(vote.pollCreationMessageKey.id);
  const secret = poll?.message?.messageContextInfo?.messageSecret;
  if (!secret) return;
  const both = (...jids) => jids.filter(Boolean).map((jid) => baileys.jidNormalizedUser(jid));
  const author = (key) => (key.fromMe ? both(socket.user.id, socket.user.lid) : both(key.participant, key.remoteJid, key.participantAlt, key.remoteJidAlt));
  for (const pollCreatorJid of author(poll.key)) {
    for (const voterJid of author(message.key)) {
      try {
        const opened = baileys.decryptPollVote(vote.vote, { pollCreatorJid, pollMsgId: poll.key.id, pollEncKey: secret, voterJid });
        votes.set(poll.key.id, [...(votes.get(poll.key.id) ?? []), { pollUpdateMessageKey: message.key, vote: opened }]);
        return void say("event", { name: "vote", data: { poll: poll.key.id } });
      } catch {
        // It was encrypted for the other address of one of the two.
      }
    }
  }
  say("failed", { message: `the vote ${message.key.id} cannot be opened` });
}

// What JSON cannot hold.
function revive(value) {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$binary === "string") return Buffer.from(value.$binary, "base64");
  if (typeof value.$date === "number") return new Date(value.$date);
  if (typeof value.$message === "string") {
    const message = messages.get(value.$message);
    if (!message) throw new Error(`no message ${value.$message}`);
    return message;
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revive(inner)]));
}

async function run(command) {
  if (command.call) {
    const result = await socket[command.call](...revive(command.arguments ?? []));
    remember(result);
    return result;
  }
  if (command.download) {
    const message = revive({ $message: command.download });
    const context = { logger, reuploadRequest: (again) => socket.updateMediaMessage(again) };
    const bytes = await baileys.downloadMediaMessage(message, "buffer", {}, context);
    return { size: bytes.length, sha256: crypto.createHash("sha256").update(bytes).digest("hex") };
  }
  if (command.votes) {
    const { message } = revive({ $message: command.votes });
    return baileys.getAggregateVotesInPollMessage({ message, pollUpdates: votes.get(command.votes) ?? [] }, socket.user.id);
  }
  if (command.end) return void socket.end(undefined);
  if (command.start) return void start();
  throw new Error(`unknown command ${JSON.stringify(command)}`);
}

onCommand(async (command) => {
  try {
    say("answer", { id: command.id, result: await run(command) });
  } catch (error) {
    say("failed", { id: command.id, message: String(error?.stack ?? error), status: error?.output?.statusCode ?? error?.data });
  }
});
start();
