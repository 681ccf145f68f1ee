/** The connection to a Janus that does not behave: refuses, is silent, talks nonsense, or goes away. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";
import { AudioBridge } from "../../../servers/janus/audio-bridge.ts";
import { JanusError, JanusSession } from "../../../servers/janus/janus-session.ts";
import { until } from "../../support/until.ts";

type Message = Readonly<Record<string, unknown>>;
type Answer = (message: Message, socket: WebSocket) => Message | string | undefined;

/** What Janus says to anything, of the session and of the plug-in. */
const SUCCESS: Answer = ({ transaction }) => ({
  janus: "success",
  transaction,
  data: { id: 1 },
  plugindata: { data: { list: [] } },
});
const nothing = () => undefined;

let server: WebSocketServer;
let url: string;
let answer: Answer;
const got: Message[] = [];
const lost: string[] = [];

beforeEach(async () => {
  answer = SUCCESS;
  got.length = 0;
  lost.length = 0;
  server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const address = server.address();
  url = `ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  server.on("connection", (socket) => {
    socket.on("message", (text) => {
      const message: Message = JSON.parse(String(text));
      got.push(message);
      const said = answer(message, socket);
      if (said !== undefined) socket.send(typeof said === "string" ? said : JSON.stringify(said));
    });
  });
});

afterEach(async () => {
  for (const client of server.clients) client.terminate();
  server.close();
  await once(server, "close");
});

const open = (secret?: string) => JanusSession.open({ url, secret, onLost: (why) => void lost.push(why) });

describe("A session with Janus", () => {
  test("shows the secret in every message, and names its session once it has one", async () => {
    const session = await open("confidential");
    await session.attach({ onEvent: nothing, onGone: nothing });
    await session.close();

    assert.deepEqual(
      got.map(({ janus, apisecret, session_id }) => [janus, apisecret, session_id]),
      [
        ["create", "confidential", undefined],
        ["attach", "confidential", 1],
        ["destroy", "confidential", 1],
      ],
    );
    assert.deepEqual(lost, []);
  });

  test("rejects when Janus refuses, with its number and reason", async () => {
    answer = ({ transaction }) => ({
      janus: "error",
      transaction,
      error: { code: 403, reason: "Unauthorized" },
    });
    await assert.rejects(open(), { name: "JanusError", code: 403, message: /Unauthorized/ });
  });

  test("rejects when Janus does not say what it made", async () => {
    answer = ({ transaction }) => ({ janus: "success", transaction });
    await assert.rejects(open(), { name: "JanusError", message: /no number/ });
  });

  test("rejects a request that is not answered, and goes on", async () => {
    const session = await open();
    answer = nothing;
    await assert.rejects(session.attach({ onEvent: nothing, onGone: nothing }), /did not answer/);
    await session.close();
  });

  test("rejects with a sentence when nobody is there, or no Janus", async () => {
    server.close();
    await assert.rejects(open(), /Janus cannot be reached/);
  });

  test("passes over nonsense and answers to nobody", async () => {
    const session = await open();
    answer = (message, socket) => {
      for (const text of [
        "",
        "{",
        "[]",
        "null",
        "7",
        '{"janus":7}',
        '{"janus":"event","sender":99,"plugindata":[]}',
      ])
        socket.send(text);
      socket.send(Buffer.from([0xff, 0xfe]));
      return SUCCESS(message, socket);
    };
    await session.attach({ onEvent: nothing, onGone: nothing });
    assert.deepEqual(lost, []);
    await session.close();
  });

  test("says once that Janus is gone, and rejects what is pending", async () => {
    const session = await open();
    answer = (_message, socket) => void socket.terminate();
    const pending = session.attach({ onEvent: nothing, onGone: nothing });
    await assert.rejects(pending, JanusError);
    await until(() => lost.length === 1, "the loss");
    await assert.rejects(session.attach({ onEvent: nothing, onGone: nothing }), /Janus is gone/);
    assert.deepEqual(lost, ["Janus closed the connection"]);
  });

  test("is not given up because this process stood still for a while, and is when Janus says nothing", async () => {
    const session = await open();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4_500);
    await session.attach({ onEvent: nothing, onGone: nothing });
    assert.deepEqual(lost, []);

    answer = nothing;
    await until(() => lost.length === 1, "the end", 6_000);
    assert.deepEqual(lost, ["Janus no longer answers"]);
  });

  test("is over with a message too large, and with the end that Janus puts to it", async () => {
    await open();
    for (const client of server.clients) client.send("x".repeat((1 << 20) + 1));
    await until(() => lost.length === 1, "the end of the first");
    await open();
    for (const client of server.clients) client.send('{"janus":"timeout","session_id":1}');
    await until(() => lost.length === 2, "the end of the second");
    assert.deepEqual(lost[1], "Janus ended the session");
  });
});

describe("A room of the AudioBridge", () => {
  /** Plays Janus up to the request named, which is answered by `reply`. */
  const refusing =
    (request: string, reply: Message): Answer =>
    (message, socket) => {
      const { transaction, body } = message;
      const asked = (body as Message | undefined)?.["request"];
      if (asked === undefined) return SUCCESS(message, socket);
      const data = asked === request ? reply : { audiobridge: "success", list: [] };
      return { janus: "success", transaction, plugindata: { data } };
    };
  const requests = () =>
    got.flatMap(({ janus, body }) => (body as Message | undefined)?.["request"] ?? janus);

  const seated = (bridge: AudioBridge) => bridge.dump().map(({ conference, seats }) => [conference, seats]);
  const listener = { address: "127.0.0.1", port: 9 };

  test("keeps nobody who could not be seated", async () => {
    const bridge = await AudioBridge.open({ url, onLost: nothing });
    for (const reply of [{ error_code: 499, error: "no" }, { audiobridge: "joined" }, { rtp: "nonsense" }]) {
      answer = refusing("join", reply);
      got.length = 0;
      await assert.rejects(bridge.seat(listener, nothing), JanusError);
      assert.deepEqual(requests(), ["attach", "join", "detach"]);
      assert.deepEqual(seated(bridge), [["", 1]]);
    }
    await bridge.close();
  });

  test("keeps who could not be moved, and is not left behind where he should have gone", async () => {
    const bridge = await AudioBridge.open({ url, onLost: nothing });
    answer = refusing("join", { rtp: { ip: "127.0.0.1", port: 9 } });
    const seat = await bridge.seat(listener, nothing);
    answer = refusing("changeroom", { error_code: 485, error: "no such room" });
    got.length = 0;
    await assert.rejects(seat.move("dramas"), { code: 485 });
    await until(() => requests().length === 3, "the end of the room");
    assert.deepEqual(requests(), ["create", "changeroom", "destroy"]);
    assert.deepEqual(seated(bridge), [["", 2]]);
    await seat.leave();
    await bridge.close();
  });
});
