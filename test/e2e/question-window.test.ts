/** The window that asks which phone to use: for a link of a page, and for any other program on this computer. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { buildSite } from "../../servers/web/site.ts";
import { type ApiClient, Daemon } from "../support/daemon.ts";
import { buildExtension } from "../support/extension-build.ts";
import { partyline } from "../support/program.ts";
import { TonePhone } from "../support/tone-phone.ts";
import { until } from "../support/until.ts";
import { Viewer } from "../support/viewer.ts";
import {
  closed,
  connectService,
  openedPopup,
  pressWhenMeant,
  shows,
  smallWindow,
} from "../support/windows.ts";

const BOB_HZ = 600;
const DESK_HZ = 900;

describe("Alice, asked for a phone", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let daemon: Daemon;
  let api: ApiClient;
  let viewer: Viewer;
  let bob: TonePhone;
  let desk: TonePhone;
  let site: FastifyInstance;
  let origin: string;

  before(async () => {
    await buildExtension();
    [bob, desk] = await Promise.all([TonePhone.open("bob", BOB_HZ), TonePhone.open("desk", DESK_HZ)]);
    stack.defer(async () => void (await Promise.all([bob.close(), desk.close()])));
    const phone = { kind: "sip", id: "desk", name: "Desk phone", uri: desk.address, anchor: true };
    daemon = await Daemon.start({ name: "alice", config: { devices: [phone] } });
    stack.defer(() => daemon.stop());
    api = await daemon.connect();
    stack.defer(() => api.close());
    viewer = await Viewer.start({ name: "alice", hz: 450, environment: daemon.environment });
    stack.defer(() => viewer.close());
    await connectService(viewer, api);
    site = buildSite({ conference: "127.0.0.1:5080" });
    stack.defer(() => site.close());
    origin = await site.listen({ host: "127.0.0.1", port: 0 });
  });

  after(() => stack.disposeAsync());

  afterEach(async () => {
    await api.ask("Leave", { all: "true" });
    await until(() => desk.calls.size + bob.calls.size === 0, "everybody to have hung up");
  });

  /** A page with this link, which alice clicks. */
  async function clicks(href: string): Promise<void> {
    await viewer.open(`${origin}/about`);
    await viewer.page.evaluate(`document.body.prepend(Object.assign(document.createElement("a"), {
      id: "call-link", href: ${JSON.stringify(href)}, textContent: "Watch the film" }))`);
    await viewer.page.bringToFront();
    await viewer.page.click("#call-link");
  }

  test("clicks a sip: link, sees whom it calls, picks the desk phone with the keyboard, and they talk", async () => {
    await clicks(bob.address);
    const window = await smallWindow(viewer, "picker");
    await shows(window, /Call bob@127\.0\.0\.1:\d+\?[\s\S]*Page\s+127\.0\.0\.1/);
    await pressWhenMeant(window, "Enter");

    await shows(window, /with which device\?[\s\S]*Desk phone/);
    assert.equal(bob.calls.size + desk.calls.size, 0);
    const focused = async () => String(await window.evaluate("document.activeElement.value"));
    for (let step = 0; step < 3 && (await focused()) !== "desk"; step++)
      await window.keyboard.press("ArrowDown");
    assert.equal(await focused(), "desk");
    await pressWhenMeant(window, "Enter");

    await Promise.all([bob.rtp.hears(DESK_HZ), desk.rtp.hears(BOB_HZ)]);
    await closed(viewer, "picker");
  });

  test("says no to a link, and nobody is called", async () => {
    await clicks(bob.address);
    const window = await smallWindow(viewer, "picker");
    await shows(window, /Call bob/);
    await pressWhenMeant(window, "Escape");
    await closed(viewer, "picker");
    assert.deepEqual(
      (await api.tell("Status")).children[0]?.children.filter(({ name }) => name === "Call"),
      [],
    );
  });

  test("takes no click that a page made itself, and no link whose address has header fields in it", async () => {
    await viewer.open(`${origin}/about`);
    await viewer.page.evaluate(`document.body.prepend(Object.assign(document.createElement("a"), {
      id: "call-link", href: ${JSON.stringify(bob.address)}, textContent: "call" }));
      document.addEventListener("click", (event) => event.preventDefault());
      document.querySelector("#call-link").click()`);
    await clicks(`${bob.address}?Route=%3Csip:evil.example%3E`);
    const popup = await openedPopup(viewer);
    await shows(popup, /names no address that can be called/);
    await closed(viewer, "picker");
    await popup.close();
  });

  test("is asked on behalf of another program, in a window that says so and goes when it is answered elsewhere", async () => {
    const sent = partyline(["send", `<ExternalJoin id="${bob.address}"/>`], { env: daemon.environment });
    const window = await smallWindow(viewer, "picker");
    await shows(window, /A program on this computer asks/);
    const about = await api.tell("Subscribe", { to: "prompts" });
    assert.ok(about);
    await until(() => api.events.some(({ name }) => name === "Prompt"), "the question at another client");
    const prompt = api.events.findLast(({ name }) => name === "Prompt")?.attributes["prompt"] ?? "";
    await api.tell("Choose", { prompt, dev: "desk" });

    await closed(viewer, "picker");
    await desk.rtp.hears(BOB_HZ);
    assert.equal((await sent).code, 0);
  });

  test("closes the window: the program is told that the call was cancelled", async () => {
    const asked = api.ask("ExternalJoin", { id: bob.address });
    const window = await smallWindow(viewer, "picker");
    await shows(window, /with which device/);
    await window.close();
    const result = await asked;
    assert.equal(result.children.find(({ name }) => name === "Error")?.attributes["code"], "cancelled");
  });
});
