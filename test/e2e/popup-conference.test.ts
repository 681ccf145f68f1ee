/** What the popup says of the conference itself: a waiting room, a server that went away or moved the user, raised hands. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { Page } from "puppeteer";
import { el } from "../../extension/background/xml.ts";
import { buildSite } from "../../servers/web/site.ts";
import { buildExtension, ExtensionBrowser, temporaryFolder } from "../support/extension-browser.ts";
import { FakeService } from "../support/fake-service.ts";
import { shows } from "../support/windows.ts";

const CONFERENCE = "127.0.0.1:5080";
const HARBOUR = `sip:film-harbour-lights@${CONFERENCE}`;
const TRAILERS = `sip:trailers@${CONFERENCE}`;
const ALICE = { entity: "sip:alice@127.0.0.1", display: "Alice", me: true };

describe("Alice's popup, in the conference of her page,", { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  let service: FakeService;
  let popup: Page;

  before(async () => {
    const folder = temporaryFolder();
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const socket = path.join(folder, "host.sock");
    service = new FakeService(socket);
    await service.listen();
    stack.defer(() => service.close());
    const site = buildSite({ conference: CONFERENCE });
    stack.defer(() => site.close());
    const origin = await site.listen({ host: "127.0.0.1", port: 0 });
    const chromium = await ExtensionBrowser.open({ socket, extension: await buildExtension(folder) });
    stack.defer(() => chromium.close());
    const page = await chromium.browser.newPage();
    await page.goto(`${origin}/films/harbour-lights`);
    popup = await chromium.askingPopup();
    await popup.waitForSelector("#consent:not([hidden])");
    await popup.click("#consent button[type=submit]");
    await service.next("ExternalJoin", 0);
    await shows(popup, /Connected/);
  });

  after(() => stack.disposeAsync());

  /** The popup in light and dark, for people to look at where SCREENSHOTS names a folder. */
  async function pictures(name: string): Promise<void> {
    const folder = process.env["SCREENSHOTS"];
    if (folder === undefined) return;
    for (const value of ["light", "dark"]) {
      await popup.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
      await popup.screenshot({ path: path.join(folder, `${name}-${value}.png`) });
    }
  }

  /** What the service is asked of a hand when she does that. */
  async function asked(act: () => Promise<void>): Promise<Record<string, string | undefined>> {
    const [{ attributes }] = await Promise.all([service.next("Hand"), act()]);
    return attributes;
  }

  const call = (id: string, state: string, more: object = {}) =>
    service.tell(el("Call", { call: "c1", id, dir: "out", state, dev: "soft", muted: true, ...more }));

  test("says that she waits to be let in, and that she is in", async () => {
    call(HARBOUR, "active", { waiting: true });
    await shows(popup, /Waiting to be let in/);

    call(HARBOUR, "active");
    await shows(popup, /Connected/);
  });

  test("says that the conference is called again when its server went away, and that she is back", async () => {
    call(HARBOUR, "switching", { rejoining: true });
    await shows(popup, /Calling it again/);

    call(HARBOUR, "active");
    await shows(popup, /Connected/);
  });

  test("shows who raised a hand, and who has put the conference on hold", async () => {
    const user = (name: string, what: object) =>
      el("User", { entity: `sip:${name}@127.0.0.1`, display: name }, [
        el("Endpoint", { entity: name, ...what }),
      ]);
    const users = [
      el("User", ALICE, [el("Endpoint", { entity: "a", status: "connected" })]),
      user("Bob", { status: "connected", hand: true }),
      user("Carol", { status: "on-hold" }),
    ];
    service.tell(el("Roster", { conf: HARBOUR, version: 100, state: "full", count: 3 }, users));

    await shows(popup, /3 people are here/);
    await shows(popup, /Bob\s+wants to talk/);
    await shows(popup, /Carol\s+on hold/);
  });

  test("says that a moderator has muted her, and that her button does not lift it", async () => {
    call(HARBOUR, "active", { focus: true, "muted-by": "moderator" });
    await shows(popup, /Muted by a moderator/);
    service.refuses.set("Unmute", {
      code: "forbidden",
      detail: "This client may not lift a moderator's mute.",
    });

    await popup.click("#mute");

    await shows(popup, /only a moderator can let you be heard again/);
    await shows(popup, /Raise your hand to ask for it/);
    await pictures("muted-by-a-moderator");
    await popup.click("#problem-dismiss");
    call(HARBOUR, "active", { focus: true });
    await shows(popup, /Unmute/);
  });

  test("raises her hand by button and by key, and lowers that of others where she is a moderator", async () => {
    const named = await popup.$eval("#hand", (button) => button.getAttribute("aria-label"));
    assert.equal(named, "Raise hand");
    await popup.focus("#hand");
    assert.equal((await asked(() => popup.keyboard.press("Enter")))["raised"], "true");

    const hand = (name: string, more: object = {}) =>
      el("User", { entity: `sip:${name}@127.0.0.1`, display: name, ...more }, [
        el("Endpoint", { entity: name, status: "connected", hand: true }),
      ]);
    const users = [hand("alice", { me: true, role: "moderator" }), hand("Bob")];
    service.tell(el("Roster", { conf: HARBOUR, version: 200, state: "full", count: 2 }, users));
    await popup.waitForSelector('#hand[aria-pressed="true"]');
    await pictures("hands");

    assert.equal((await asked(() => popup.keyboard.press("r")))["raised"], "false");
    const lower = '#people button[aria-label="Lower the hand of Bob"]';
    const { raised, user } = await asked(() => popup.click(lower));
    assert.deepEqual([raised, user], ["false", "sip:Bob@127.0.0.1"]);
  });

  test("says where the server moved her, and shows who is there", async () => {
    call(TRAILERS, "active");
    service.people.set(TRAILERS, [ALICE, { entity: "sip:dora@127.0.0.1", display: "Dora" }]);
    service.tellRoster(TRAILERS);

    await shows(popup, /Moved to trailers@127\.0\.0\.1/);
    await shows(popup, /2 people are here/);
    await shows(popup, /Dora/);
  });
});
