import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { ActionUrls, openDoor } from "../../../native-host/src/devices/phones/action-urls.ts";
import type { Report } from "../../../native-host/src/devices/phones/reports.ts";
import { ask, door, HOST, TOKEN } from "../../support/phones/door.ts";
import { freePorts } from "../../support/ports.ts";
import { below, randomFrom } from "../../support/random.ts";

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
