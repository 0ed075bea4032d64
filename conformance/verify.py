"""The official Standard Webhooks library checks a delivery: see verify.mjs."""

from standardwebhooks import Webhook, WebhookVerificationError

from lines import JOB, say

try:
    say("verified", payload=Webhook(JOB["secret"]).verify(JOB["body"], JOB["headers"]))
except WebhookVerificationError as error:
    say("refused", reason=str(error))
