import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { ActionUrls, openDoor } from "../../../native-host/src/devices/phones/action-urls.ts";
import type { Report } from "../../../native-host/src/devices/phones/reports.ts";
import { phoneStage } from "../../support/phones/http-phone-cast.ts";
import { refused } from "../../support/phones/refused.ts";
import { freePorts } from "../../support/ports.ts";
import { below, randomFrom } from "../../support/random.ts";

const HOST = "127.0.0.1";
const TOKEN = "k7Qm2xVt9pLs4Zr8";
const signal = new AbortController().signal;

async function door(patienceMs?: number) {
  const urls = new ActionUrls({ host: HOST, port: 0, ...(patienceMs !== undefined && { patienceMs }) });
  await urls.listening;
  return { urls, base: `http://${HOST}:${urls.port}/${TOKEN}`, [Symbol.asyncDispose]: () => urls.close() };
}

/** Status of one request. */
async function ask(url: string, method = "GET", body = ""): Promise<number> {
  const outgoing = request(url, { method });
  outgoing.end(body);
  const [answer] = await once(outgoing, "response");
  answer.resume();
  return answer.statusCode;
}

describe("A phone with action URLs", () => {
  test("tells when Bob rings and answers, and when he has hung up", async () => {
    await using stage = await phoneStage({ vendor: "yealink" });
    await using doorway = await door();
    stage.phone.reportTo = doorway.base;
    const device = stage.device({ events: doorway.urls.of({ token: TOKEN, from: HOST }) });
    const { promise: rung, resolve: onRinging } = Promise.withResolvers<void>();

    const dialling = device.dial(stage.target, { signal, onRinging });
    await rung;
    await stage.bob.answers();
    const call = await dialling;
    const { promise: ended, resolve: onEnded } = Promise.withResolvers<string>();
    call.onEnded = onEnded;
    await stage.bob.hangsUp();

    assert.equal(await ended, "the phone ended the call");
    assert.ok(device.caps.includes("events"));
  });

  test("tells when Bob declines", async () => {
    await using stage = await phoneStage({ vendor: "yealink" });
    await using doorway = await door();
    stage.phone.reportTo = doorway.base;
    const device = stage.device({ events: doorway.urls.of({ token: TOKEN }) });

    const dialling = device.dial(stage.target, { signal });
    const refusal = assert.rejects(dialling, refused("no-answer", /201/));
    await stage.bob.declines();

    await refusal;
  });

  test("whose action URLs were not set is taken at its word", async () => {
    await using stage = await phoneStage({ vendor: "yealink" });
    await using doorway = await door();
    const device = stage.device({ events: doorway.urls.of({ token: TOKEN }), firstReportMs: 20 });

    const call = await device.dial(stage.target, { signal });

    await call.hangUp?.();
    await stage.bob.isHungUp();
  });

  test("is hung up when the user no longer wants to call", async () => {
    await using stage = await phoneStage({ vendor: "yealink" });
    await using doorway = await door();
    stage.phone.reportTo = doorway.base;
    const device = stage.device({ events: doorway.urls.of({ token: TOKEN }) });
    const stop = new AbortController();

    const dialling = device.dial(stage.target, { signal: stop.signal });
    await stage.bob.rings();
    stop.abort();

    await assert.rejects(dialling, refused("cancelled", /./));
    await stage.bob.isHungUp();
  });
});

describe("The door for action URLs", () => {
  test("hears only who knows the secret, and only from the phone", async () => {
    await using doorway = await door();
    const heard: Report[] = [];
    doorway.urls.of({ token: TOKEN, from: HOST }).follow(
      (report) => heard.push(report),
      () => undefined,
    );
    doorway.urls.of({ token: "another-phone-0000", from: "192.0.2.7" }).follow(
      (report) => heard.push(report),
      () => undefined,
    );
    const root = doorway.base.slice(0, -TOKEN.length);

    assert.equal(await ask(`${root}${TOKEN.slice(1)}/established`), 404);
    assert.equal(await ask(`${root}`), 404);
    assert.equal(await ask(`${root}another-phone-0000/established`), 403);
    assert.equal(await ask(`${doorway.base}/established/more`), 404);
    assert.deepEqual(heard, []);
    assert.equal(await ask(`${doorway.base}/established?call=a1`), 200);

    assert.deepEqual(heard, [{ state: "established", call: "a1" }]);
  });

  test("takes GET alone", async () => {
    await using doorway = await door();
    doorway.urls.of({ token: TOKEN });

    for (const method of ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"]) {
      assert.equal(
        await ask(`${doorway.base}/established`, method, method === "POST" ? "x" : ""),
        405,
        method,
      );
    }
  });

  test("takes no name of a call that could mean anything else", async () => {
    await using doorway = await door();
    const heard: Report[] = [];
    doorway.urls.of({ token: TOKEN }).follow(
      (report) => heard.push(report),
      () => undefined,
    );

    for (const call of ["%0d%0aX", "a;CALLEND", "a%26key=REBOOT", "x".repeat(129), "%ff", ""]) {
      assert.equal(await ask(`${doorway.base}/established?call=${call}`), 200);
    }

    assert.deepEqual(new Set(heard.map(({ call }) => call)), new Set([undefined]));
  });

  test("survives what is no HTTP, too long, or never ends", async () => {
    await using doorway = await door();
    const source = doorway.urls.of({ token: TOKEN });
    const lines = [
      "\u0016\u0003\u0001\r\n\r\n",
      `GET /${"x".repeat(9000)} HTTP/1.1\r\n\r\n`,
      "GET //[:: HTTP/1.1\r\nhost: x\r\n\r\n",
    ];
    for (const line of lines) {
      const socket = connect(doorway.urls.port, HOST).on("error", () => undefined);
      socket.write(line);
      socket.resume();
      await new Promise((resolve) => socket.once("close", resolve));
    }
    const heard = Promise.withResolvers<Report>();
    source.follow(heard.resolve, () => undefined);

    assert.equal(await ask(`${doorway.base}/terminated`), 200);

    assert.deepEqual(await heard.promise, { state: "ended" });
  });

  test("cuts those who never say what they want, and then hears the phone again", async () => {
    await using doorway = await door(100);
    doorway.urls.of({ token: TOKEN });
    const words = [
      "",
      `GET /${TOKEN}/outgoing HTTP/1.1\r\nhost:`,
      "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\n",
    ];
    const closed = Array.from({ length: 60 }, (_, at) => {
      const socket = connect(doorway.urls.port, HOST).on("error", () => undefined);
      const word = words[at % words.length] ?? "";
      if (word !== "") socket.write(word);
      socket.resume();
      return new Promise((resolve) => socket.once("close", resolve));
    });

    await Promise.all(closed);

    assert.equal(await ask(`${doorway.base}/outgoing`), 200);
  });

  test("survives two hundred connections of random bytes", async () => {
    await using doorway = await door();
    const source = doorway.urls.of({ token: TOKEN });
    const random = randomFrom(7);
    for (let round = 0; round < 200; round += 1) {
      const socket = connect(doorway.urls.port, HOST).on("error", () => undefined);
      const bytes = Buffer.from(Array.from({ length: below(random, 300) }, () => below(random, 256)));
      socket.end(round % 2 === 0 ? bytes : Buffer.concat([Buffer.from(`GET /${TOKEN}/`), bytes]));
      socket.resume();
      await new Promise((resolve) => socket.once("close", resolve));
    }
    const heard = Promise.withResolvers<Report>();
    source.follow(heard.resolve, () => undefined);

    assert.equal(await ask(`${doorway.base}/outgoing`), 200);

    assert.deepEqual(await heard.promise, { state: "outgoing" });
  });

  test("is shared by phones, closes with the last, and says when its port is taken", async () => {
    const port = await freePorts();
    const [one, other] = [openDoor({ host: HOST, port }), openDoor({ host: HOST, port })];
    await one.urls.listening;
    assert.equal(one.urls, other.urls);
    const taken = new ActionUrls({ host: HOST, port });
    await taken.listening;

    await one.release();
    const still = openDoor({ host: HOST, port });

    assert.match(taken.trouble ?? "", /nothing listens to the phone's reports/);
    assert.equal(still.urls, one.urls);
    await Promise.all([other.release(), still.release(), taken.close()]);
    await assert.rejects(ask(`http://${HOST}:${port}/`));
  });
});

for (const vendor of ["poly", "grandstream"] as const) {
  describe(`A ${vendor} phone, which is asked for its calls`, () => {
    test("tells when Bob answers and hangs up", async () => {
      await using stage = await phoneStage({ vendor });
      const dialling = stage.device().dial(stage.target, { signal });
      await stage.bob.answers();
      const call = await dialling;
      const { promise: ended, resolve: onEnded } = Promise.withResolvers<string>();
      call.onEnded = onEnded;

      await stage.bob.hangsUp();

      assert.equal(await ended, "the phone ended the call");
    });

    test("tells when Bob declines", async () => {
      await using stage = await phoneStage({ vendor });
      const refusal = assert.rejects(
        stage.device().dial(stage.target, { signal }),
        refused("no-answer", /201/),
      );
      await stage.bob.rings();
      await stage.phone.reaches("outgoing");
      await stage.bob.declines();
      await refusal;
    });

    test("that dies in the call ends it", async () => {
      await using stage = await phoneStage({ vendor });
      const device = stage.device({ answerMs: 20 });
      const dialling = device.dial(stage.target, { signal });
      await stage.bob.answers();
      const call = await dialling;
      const { promise: ended, resolve: onEnded } = Promise.withResolvers<string>();
      call.onEnded = onEnded;

      stage.phone.web.silent = true;

      assert.equal(await ended, "the phone is gone");
      assert.equal(device.readiness, "ready");
    });
  });
}

describe("A Poly phone", () => {
  test("holds, resumes, mutes and dials digits in its call", async () => {
    await using stage = await phoneStage({ vendor: "poly" });
    const device = stage.device();
    const dialling = device.dial(stage.target, { signal });
    await stage.bob.answers();
    const call = await dialling;
    const { ua } = stage.phone;

    await call.setHeld?.(true);
    assert.equal(ua.held, true);
    await call.setHeld?.(false);
    assert.equal(ua.held, false);
    await call.setMuted?.(true);
    assert.equal(ua.muted, true);
    await call.setMuted?.(false);
    assert.equal(ua.muted, false);
    await call.dtmf?.("1*#");
    assert.equal(ua.digits, "1*#");
    assert.deepEqual(
      ["dial", "hangup", "hold", "mute", "dtmf", "events"].filter((cap) => !device.caps.includes(cap)),
      [],
    );
  });

  test("whose call is over already is hung up without a word", async () => {
    await using stage = await phoneStage({ vendor: "poly" });
    const dialling = stage.device({ pollMs: 60_000, firstReportMs: 1 }).dial(stage.target, { signal });
    await stage.bob.answers();
    const call = await dialling;
    await stage.phone.reaches("established");
    await stage.bob.hangsUp();
    await stage.phone.reaches("idle");

    await call.hangUp?.();
  });
});

test("A Yealink phone presses its keys for digits", async () => {
  await using stage = await phoneStage({ vendor: "yealink" });
  const call = await stage.device().dial(stage.target, { signal });

  await call.dtmf?.("9*0#");

  assert.equal(stage.phone.ua.digits, "9*0#");
  assert.equal(call.setMuted, undefined);
});
