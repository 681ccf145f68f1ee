import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";
import type { ApiClient } from "../../support/daemon.ts";
import { Daemon } from "../../support/daemon.ts";
import { TOKEN } from "../../support/phones/door.ts";
import { type PhoneStage, phoneStage } from "../../support/phones/http-phone-cast.ts";
import { PASSWORD } from "../../support/phones/phone-web.ts";
import { freePorts } from "../../support/ports.ts";

let street: PhoneStage;
let service: Daemon;
let folder: string;
afterEach(async () => {
  await service.stop();
  await rm(folder, { recursive: true });
  await street[Symbol.asyncDispose]();
});

/** The service as a program, with a Yealink that reports its calls, and a client of its API. */
async function started(more: () => Record<string, unknown> = () => ({})): Promise<ApiClient> {
  street = await phoneStage({ vendor: "yealink", login: "SHA-256" });
  const port = await freePorts();
  street.phone.reportTo = `http://127.0.0.1:${port}/${TOKEN}`;
  folder = await mkdtemp(join(tmpdir(), "partyline-phone-"));
  const passwordFile = join(folder, "desk.password");
  await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o644 });
  const { url } = street.phone.web;
  const desk = {
    id: "desk",
    kind: "http",
    url,
    passwordFile,
    domain: "127.0.0.1",
    events: { token: TOKEN, port },
    ...more(),
  };
  service = await Daemon.start({ name: "alice", config: { devices: [desk] } });
  return service.connect();
}

describe("The service with a phone told by HTTP", () => {
  test("joins by it as soon as it answers, and hears when Bob hangs up", async () => {
    const client = await started();
    await client.tell("Subscribe", { to: "calls" });
    const ringing = client.next(({ attributes }) => attributes["state"] === "ringing");
    const over = client.next(({ attributes }) => attributes["state"] === "ended");

    const joining = client.tell("Join", { id: street.target }, '<Use dev="desk"/>');
    await ringing;
    await street.bob.answers();
    await joining;
    await street.bob.hangsUp();

    const { attributes } = await over;
    assert.equal(attributes["mode"], "transfer");
    assert.equal(attributes["dev"], "desk");
    client.close();
  });

  test("ends its call by HTTP, and warns of a password that others can read", async () => {
    const client = await started();

    const joining = client.tell("Join", { id: street.target }, '<Use dev="desk"/>');
    await street.bob.answers();
    await joining;
    await client.tell("Leave");

    await street.bob.isHungUp();
    await service.program.says(/desk\.password has a password in it and can be read by others/);
    assert.deepEqual(street.phone.web.obeyed, ["GET /servlet?key=number=201", "GET /servlet?key=CALLEND"]);
    client.close();
  });

  test("calls the phone by SIP where it can, presses its answer key, and stays in the call", async () => {
    const client = await started(() => ({ uri: street.phone.ua.address }));
    await client.tell("Subscribe", { to: "calls" });
    const active = client.next(({ attributes }) => attributes["state"] === "active");

    const joining = client.tell("Join", { id: street.target }, '<Use dev="desk"/>');
    await street.bob.answers();
    await joining;
    await client.tell("Leave");

    assert.equal((await active).attributes["mode"], "loop");
    assert.deepEqual(street.phone.web.obeyed, ["GET /servlet?key=OK"]);
    await street.bob.isHungUp();
    await street.phone.reaches("idle");
    client.close();
  });

  test("has the phone tried out", async () => {
    const client = await started();

    const { attributes } = await client.tell("Test", { dev: "desk" });

    assert.equal(attributes["detail"], "It speaks Yealink and took the password.");
    client.close();
  });
});
