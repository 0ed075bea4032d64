// A real Chromium, headless, visits pages and tries things there.
//
// Job:
//   attempts    [{page, name, kind: "socketio"|"rest"|"websocket", ..}], see page.html; `post` of a Socket.IO attempt is
//               {url, body}: posted by this program, not by the page, once the page is connected
//   screenshot  {page, until: "text to wait for", file}: optional, with `post`
//   executable  default /usr/bin/chromium
//
// Reports: result {name, ..what the page saw}, screenshot.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { job, say } from "./lines.mjs";

const profile = mkdtempSync(join(tmpdir(), "pombo-chromium-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: job.executable ?? "/usr/bin/chromium",
  headless: true,
  viewport: { width: 900, height: 500 },
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const post = async ({ url, body }) => {
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) say("text", { text: `post: ${answer.status} ${await answer.text()}` });
};
await context.exposeFunction("posted", post);
process.stdin.on("end", () => process.exit(1));
process.stdin.resume();

let page = await context.newPage();
let current;
for (const attempt of job.attempts ?? []) {
  if (attempt.page !== current) {
    await page.goto(attempt.page);
    current = attempt.page;
  }
  say("result", { name: attempt.name, ...(await page.evaluate((one) => window.attempt(one), attempt)) });
}
if (job.screenshot) {
  await page.goto(job.screenshot.page);
  await page.waitForSelector("#state.connected");
  for (const one of job.screenshot.posts ?? []) await post(one);
  await page.getByText(job.screenshot.until).first().waitFor();
  await page.screenshot({ path: job.screenshot.file });
  say("screenshot", { file: job.screenshot.file });
}
say("done");
await context.close();
rmSync(profile, { recursive: true, force: true });
process.exit(0);
