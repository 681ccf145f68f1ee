import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";
import type { PromptView, Remember } from "../../native-host/src/api/call-control.ts";
import type { JoinRequest } from "../../native-host/src/api/requests.ts";
import { Choices } from "../../native-host/src/service/choices.ts";
import type { Role } from "../support/fake-leg.ts";
import { Stage } from "../support/service-cast.ts";

let stage: Stage;
let prompts: PromptView[];
let over: string[];
afterEach(() => stage.service.close());

function twoPhones(choices?: Choices, roles: Readonly<Record<string, Role>> = {}): void {
  stage = new Stage({ phones: ["desk", "kitchen"], roles, ...(choices && { choices }) });
  prompts = [];
  over = [];
  stage.service.subscribe("prompts", { client: "k1" }, (event) => {
    if (event.name === "Prompt") prompts.push(event.prompt);
    if (event.name === "PromptOver") over.push(event.prompt);
  });
}

const ask = (room: string, more: Partial<JoinRequest> = {}) =>
  stage.service.externalJoin({ ...stage.request(room, more), mode: "auto" });

function choose(device: string | undefined, remember: Remember = "no"): void {
  const prompt = prompts.at(-1)?.prompt ?? "";
  stage.service.choose({
    prompt,
    client: "k1",
    cancel: device === undefined,
    remember,
    ...(device !== undefined && { device }),
  });
}

const origin = "https://films.example.com";

describe("ExternalJoin", () => {
  test("asks which device, and calls with the one chosen", async () => {
    twoPhones();
    const joining = ask("comedies");
    assert.deepEqual(
      prompts[0]?.devices.map(({ dev, default: first }) => [dev, first]),
      [
        ["desk", true],
        ["kitchen", false],
      ],
    );
    assert.equal(stage.service.calls()[0]?.state, "choosing");

    assert.deepEqual(over, []);
    choose("kitchen");

    assert.deepEqual(await joining, { call: "c1" });
    assert.deepEqual(over, ["p1"]);
    assert.equal(stage.service.calls()[0]?.dev, "kitchen");
    assert.deepEqual(stage.states, ["choosing", "calling-device", "dialing", "active"]);
  });

  test("asks again when the device remembered for a site refuses", async () => {
    twoPhones(undefined, { kitchen: { refuses: 603 } });
    const first = assert.rejects(ask("comedies", { origin }), { code: "device-refused" });
    choose("kitchen", "origin");
    await first;

    const second = ask("dramas", { origin });
    choose("desk", "origin");
    await second;

    assert.equal(prompts.length, 2);
    assert.equal(stage.service.calls()[0]?.dev, "desk");
  });

  test("asks nothing when there is one device only", async () => {
    stage = new Stage();

    await ask("comedies");

    assert.equal(stage.service.calls()[0]?.dev, "desk");
  });

  test("ends as cancelled when the user wants none", async () => {
    twoPhones();
    const joining = assert.rejects(ask("comedies"), { code: "cancelled" });

    choose(undefined);

    await joining;
    stage.ladder.reads("");
    assert.equal(stage.states.at(-1), "ended");
    assert.deepEqual(over, ["p1"]);
  });

  test("ends as cancelled after sixty seconds without an answer, and a late answer finds nothing", async (t) => {
    twoPhones();
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const joining = assert.rejects(ask("comedies"), { code: "cancelled" });

    t.mock.timers.tick(60_000);

    await joining;
    assert.deepEqual(over, ["p1"]);
    assert.throws(() => choose("desk"), { code: "no-such-prompt" });
  });

  test("counts the first answer; a second finds nothing", async () => {
    twoPhones();
    const joining = ask("comedies");

    choose("desk");

    assert.throws(() => choose("kitchen"), { code: "no-such-prompt" });
    await joining;
    assert.equal(stage.service.calls()[0]?.dev, "desk");
  });

  test("twice for the same page within a second is one question and one call", async () => {
    twoPhones();
    const first = ask("comedies", { origin });
    const second = ask("comedies", { origin, client: "k2" });

    assert.equal(prompts.length, 1);
    choose("desk");

    assert.deepEqual(await Promise.all([first, second]), [{ call: "c1" }, { call: "c1" }]);
    assert.deepEqual(stage.accepted, ["c1", "c1"]);
  });

  test("calls again when the user left and comes back within a second", async () => {
    stage = new Stage();
    await ask("comedies", { origin });
    await stage.leave();

    assert.deepEqual(await ask("comedies", { origin }), { call: "c2" });
    assert.deepEqual(stage.cast.alive(), ["comedies"]);
  });

  test("is withdrawn when the user leaves before answering", async () => {
    twoPhones();
    const joining = assert.rejects(ask("comedies"), { code: "cancelled" });

    await stage.leave();

    await joining;
    assert.throws(() => choose("desk"), { code: "no-such-prompt" });
    stage.ladder.reads("");
  });

  test("about one page gives way to the question about the next", async () => {
    twoPhones();
    const first = assert.rejects(ask("comedies", { origin }), { code: "cancelled" });

    const second = stage.service.switchTo({ ...stage.request("dramas", { origin }), fallback: "external" });
    await first;
    choose("desk");

    await second;
    assert.deepEqual(stage.cast.alive(), ["dramas"]);
    assert.equal(stage.service.calls().length, 1);
  });

  test("is withdrawn when everybody who asked is gone", async () => {
    twoPhones();
    const first = assert.rejects(ask("comedies", { origin }), { code: "cancelled" });
    const second = assert.rejects(ask("comedies", { origin, client: "k2" }), { code: "cancelled" });

    stage.service.clientGone("k1");
    assert.equal(stage.service.calls()[0]?.state, "choosing");
    assert.deepEqual(over, []);
    stage.service.clientGone("k2");

    await Promise.all([first, second]);
    assert.deepEqual(over, ["p1"]);
  });

  test("goes on when the asker leaves after the answer: clients come and go, calls stay", async () => {
    twoPhones();
    const joining = ask("comedies");
    choose("desk");

    stage.service.clientGone("k1");

    await joining;
    assert.deepEqual(stage.cast.alive(), ["comedies"]);
  });

  test("shows an open question to a screen that comes later", async () => {
    twoPhones();
    const joining = assert.rejects(ask("comedies"), { code: "cancelled" });
    const late: string[] = [];

    stage.service.subscribe(
      "prompts",
      { client: "k1" },
      (event) => event.name === "Prompt" && late.push(event.prompt.id),
    );

    assert.deepEqual(late, ["sip:comedies@127.0.0.1"]);
    choose(undefined);
    await joining;
  });

  test("keeps asking when the device chosen is unknown", async () => {
    twoPhones();
    const joining = ask("comedies");

    assert.throws(() => choose("garden"), { code: "no-such-device" });
    choose("desk");

    await joining;
  });
});

describe("A remembered choice", () => {
  test("counts for its site, also after a restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "partyline-choices-"));
    const file = join(folder, "data", "choices.json");
    twoPhones(new Choices(file));
    const joining = ask("comedies", { origin });
    choose("kitchen", "origin");
    await joining;
    await stage.service.close();

    twoPhones(new Choices(file));
    await ask("dramas", { origin });
    assert.equal(stage.service.calls()[0]?.dev, "kitchen");
    const other = assert.rejects(ask("dramas", { origin: "https://other.example.com" }), {
      code: "cancelled",
    });
    assert.equal(prompts.length, 1);
    choose(undefined);
    await other;
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { [origin]: "kitchen" });
    rmSync(folder, { recursive: true });
  });

  test("can count for every site", async () => {
    const choices = new Choices();
    choices.remember("kitchen", undefined);
    twoPhones(choices);

    await ask("comedies", { origin });

    assert.equal(stage.service.calls()[0]?.dev, "kitchen");
  });

  test("is not used while its device is in another call", async () => {
    const choices = new Choices();
    choices.remember("desk", origin);
    twoPhones(choices);
    await stage.join("comedies", "desk");

    const joining = ask("dramas", { origin });
    assert.equal(prompts.length, 1);
    choose("kitchen");

    await joining;
  });

  test("that cannot be read counts as none", () => {
    stage = new Stage();
    const folder = mkdtempSync(join(tmpdir(), "partyline-choices-"));
    const file = join(folder, "choices.json");
    writeFileSync(file, '{"https://films.example.com": 7, "half');

    assert.equal(new Choices(file).deviceFor(origin), undefined);
    rmSync(folder, { recursive: true });
  });
});
