/** What a page may cause before its visitor allowed it anything: nothing at all on the network. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { PAGES } from "../../scripts/demo/pages.ts";
import { type Site, startSite } from "../../scripts/demo/site.ts";
import { Daemon } from "../support/daemon.ts";
import { buildExtension } from "../support/extension-build.ts";
import { Viewer } from "../support/viewer.ts";
import { Wire } from "../support/wire.ts";

/** Far longer than a join takes. */
const STAY_MS = 1500;

describe("alice, who allowed this site nothing yet", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let site: Site;
  let alice: Viewer;
  let daemon: Daemon;
  /** All that her service could ever send goes through here: it is her outbound proxy. */
  let wire: Wire;

  before(async () => {
    await buildExtension();
    site = await startSite(stack, { say: () => undefined });
    wire = await Wire.open({ b: { address: site.proxy.host, port: site.proxy.port } });
    stack.defer(() => wire.close());
    const outboundProxy = `sip:127.0.0.1:${wire.address.port};lr`;
    daemon = await Daemon.start({ name: "alice", config: { sip: { outboundProxy }, devices: [] } });
    stack.defer(() => daemon.stop());
    alice = await Viewer.start({ name: "alice", hz: 450, environment: daemon.environment });
    stack.defer(() => alice.close());
  });

  after(() => stack.disposeAsync());

  function packets(): number {
    return wire.messages.length + wire.heardBy.a.packets.length + wire.heardBy.b.packets.length;
  }

  test("reads a page without a tag, and not one packet is sent", async () => {
    const socketsBefore = udpSockets(daemon.program.pid);
    await alice.open(site.url(PAGES.untagged));
    await setTimeout(STAY_MS);

    assert.equal(packets(), 0);
    assert.equal(udpSockets(daemon.program.pid), socketsBefore);
  });

  test("reads a page with a conference, and not one packet is sent", async () => {
    const socketsBefore = udpSockets(daemon.program.pid);
    await alice.open(site.url(PAGES.meeting));
    await setTimeout(STAY_MS);
    const asked = await alice.popup.text();

    assert.match(asked, /Join “Foyer”\?/);
    assert.equal(packets(), 0);
    assert.equal(udpSockets(daemon.program.pid), socketsBefore);
  });

  test("allows the site, and only now her call goes out", async () => {
    await alice.popup.consent("Alice");
    await alice.popup.enter();

    assert.equal(wire.count("b", "INVITE"), 1);
    assert.ok(packets() > 1);
  });
});

/** How many UDP sockets a process holds: a call would open one for its audio. */
function udpSockets(pid: number): number {
  const tables = ["udp", "udp6"].map((name) => readFileSync(`/proc/${pid}/net/${name}`, "utf8"));
  const inodes = new Set(
    tables.flatMap((table) => table.split("\n").map((line) => line.trim().split(/\s+/)[9])),
  );
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  return links.filter((link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1])).length;
}

/** The directory changes while it is read. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
