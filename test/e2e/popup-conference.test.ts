/** What the popup says of the conference itself: a waiting room, a server that went away or moved the user, raised hands. */
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

  test("says where the server moved her, and shows who is there", async () => {
    call(TRAILERS, "active");
    service.people.set(TRAILERS, [ALICE, { entity: "sip:dora@127.0.0.1", display: "Dora" }]);
    service.tellRoster(TRAILERS);

    await shows(popup, /Moved to trailers@127\.0\.0\.1/);
    await shows(popup, /2 people are here/);
    await shows(popup, /Dora/);
  });
});
