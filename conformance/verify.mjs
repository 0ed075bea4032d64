// The official Standard Webhooks library checks a delivery.
//
//   node verify.mjs '{"secret":"whsec_..","headers":{..},"body":".."}'
//
// Report: verified, or refused with the reason.
import { Webhook } from "standardwebhooks";
import { job, say } from "./lines.mjs";

try {
  const payload = new Webhook(job.secret).verify(job.body, job.headers);
  say("verified", { payload });
} catch (error) {
  say("refused", { reason: error.message });
}
