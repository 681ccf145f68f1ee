/** The browser may end the extension's worker at any time, and the bridge may die: the call lives in the SIP service. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { PAGES } from "../../scripts/demo/pages.ts";
import { type Site, startSite } from "../../scripts/demo/site.ts";
import { Baresip } from "../support/baresip.ts";
import { Daemon } from "../support/daemon.ts";
import { buildExtension } from "../support/extension-build.ts";
import { takePrecedence } from "../support/precedence.ts";
import { until } from "../support/until.ts";
import { Viewer } from "../support/viewer.ts";

const RIGHT_AGAIN_MS = 2000;
const HEARD_FRAMES = 100;

describe("alice, in mid-call with dora", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let site: Site;
  let daemon: Daemon;
  let alice: Viewer;

  before(async () => {
    takePrecedence();
    await buildExtension();
    site = await startSite(stack, { say: () => undefined });
    daemon = await Daemon.start({ name: "alice", config: { devices: [] } });
    stack.defer(() => daemon.stop());
    alice = await Viewer.start({ name: "alice", hz: 450, environment: daemon.environment });
    stack.defer(() => alice.close());
    await guest("dora");
    await alice.open(site.url(PAGES.meeting));
    await alice.popup.consent("Alice");
    await alice.popup.enter();
    await alice.popup.listed(["Alice", "Dora"], performance.now());
  });

  after(() => stack.disposeAsync());

  async function guest(name: string): Promise<Baresip> {
    const phone = await Baresip.start({ name, hz: 1000 });
    stack.defer(() => phone.stop());
    await phone.dial(await site.roomOf(PAGES.meeting));
    return phone;
  }

  test("hears every frame when worker and bridge are killed, and her popup is right again within 2 s", async () => {
    const killedAt = performance.now();
    process.kill(bridgeOf(daemon), "SIGKILL");
    await alice.killWorker();
    const desk = guest("desk");
    const rightAt = await alice.popup.listed(["Alice", "Desk", "Dora"], killedAt, 10_000);
    await until(
      async () => (await alice.heardSince(killedAt)).packets.length >= HEARD_FRAMES,
      "2 s of audio",
    );
    const heard = await alice.heardSince(killedAt - 100);
    await desk;

    assert.equal(heard.missingFrames(), 0);
    assert.equal(heard.ssrcChanges(), 0);
    assert.ok(rightAt - killedAt <= RIGHT_AGAIN_MS, `${Math.round(rightAt - killedAt)} ms`);
  });

  test("mutes by the same popup afterwards: it commands the same call", async () => {
    await alice.popup.press("mute");
    const page = await alice.popup.open();
    await page.waitForSelector("#mute[aria-pressed=true]");
    const api = await daemon.connect();
    const status = await api.tell("Status");
    api.close();

    assert.match(JSON.stringify(status), /"muted":"true"/);
  });
});

/** The process that the browser started for this service. */
function bridgeOf(daemon: Daemon): number {
  const found = readdirSync("/proc").find((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    const command = readProcess(pid, "cmdline");
    const ours = readProcess(pid, "environ").includes(`PARTYLINE_RUNTIME_DIR=${daemon.folder}`);
    return ours && command.includes("bridge.ts") && command.includes("chrome-extension://");
  });
  if (found === undefined) throw new Error("no bridge runs for this service");
  return Number(found);
}

function readProcess(pid: string, what: "cmdline" | "environ"): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, "utf8");
  } catch {
    return "";
  }
}
