import assert from "node:assert/strict";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { callerOrigin } from "../../native-host/src/api/bridge-pipe.ts";
import { FrameReader, frame, NulReader } from "../../native-host/src/api/framing.ts";
import { openListener } from "../../native-host/src/api/listener.ts";
import { reachService } from "../../native-host/src/api/reach-service.ts";
import { CHROMIUM_EXTENSION_ID, FIREFOX_EXTENSION_ID } from "../../native-host/src/extension-id.ts";
import { FakeCallControl } from "../support/fake-call-control.ts";
import { runToEnd, start } from "../support/program.ts";

const ORIGIN = `chrome-extension://${CHROMIUM_EXTENSION_ID}/`;

/** Texts as they come, with a way to wait for the next. */
class Inbox {
  readonly #texts: string[] = [];
  #waiting: ((text: string) => void) | undefined;

  put(text: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(text);
    else this.#texts.push(text);
  }

  async next(): Promise<string> {
    return this.#texts.shift() ?? new Promise((resolve) => (this.#waiting = resolve));
  }
}

/** A bridge as a browser starts it, and a service that only listens. */
async function bridgeCast(test: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), "partyline-bridge-"));
  const server = createServer();
  server.listen(join(directory, "api.sock"));
  const connected: Promise<[Socket]> = once(server, "connection") as Promise<[Socket]>;
  const bridge = start("native-host/src/bridge.ts", [ORIGIN], environment(directory));
  const [socket] = await connected;
  const [toService, toBrowser] = [new Inbox(), new Inbox()];
  const documents = new NulReader({
    onDocument: (text) => toService.put(text),
    onRefused: (why) => toService.put(why),
  });
  socket.on("data", (chunk) => documents.push(chunk));
  const frames = new FrameReader({
    onDocument: (text) => toBrowser.put(text),
    onRefused: (why) => toBrowser.put(why),
  });
  bridge.stdout.on("data", (chunk: Buffer) => frames.push(chunk));
  test.after(async () => {
    bridge.kill("SIGKILL");
    socket.destroy();
    server.close();
    await rm(directory, { recursive: true });
  });
  return { bridge, socket, toService, toBrowser };
}

function environment(directory: string): Record<string, string> {
  return { PARTYLINE_RUNTIME_DIR: directory, PARTYLINE_DATA_DIR: directory };
}

function send(bridge: ChildProcessWithoutNullStreams, document: string): void {
  bridge.stdin.write(frame(document) ?? "");
}

describe("The bridge", () => {
  test("tells the service first which extension it speaks for, then carries documents both ways", async (t) => {
    const { bridge, socket, toService, toBrowser } = await bridgeCast(t);
    assert.equal(await toService.next(), `<Bridge origin="${ORIGIN}"/>`);
    send(bridge, '<Ping req="1"/>');
    assert.equal(await toService.next(), '<Ping req="1"/>');
    socket.write('<Result req="1" status="ok"/>\0<Event seq="1"><Ended/></Event>\0');
    assert.equal(await toBrowser.next(), '<Result req="1" status="ok"/>');
    assert.equal(await toBrowser.next(), '<Event seq="1"><Ended/></Event>');
  });

  test("answers what is no document itself and goes on", async (t) => {
    const { bridge, toService, toBrowser } = await bridgeCast(t);
    await toService.next();
    bridge.stdin.write(Buffer.from([2, 0, 0, 0, 0x7b, 0x7d]));
    assert.match(await toBrowser.next(), /^<Result status="error"><Error code="bad-xml"/);
    send(bridge, "<Ping/>");
    assert.equal(await toService.next(), "<Ping/>");
  });

  test("leaves out a document that is too long for a browser", async (t) => {
    const { socket, toBrowser } = await bridgeCast(t);
    socket.write(`<A>${"x".repeat(300_000)}</A>\0<B/>\0`);
    assert.equal(await toBrowser.next(), "<B/>");
  });

  test("ends with the browser's end of input, and takes its connection with it", async (t) => {
    const { bridge, socket } = await bridgeCast(t);
    const [exit, ended] = [once(bridge, "exit"), once(socket, "end")];
    bridge.stdin.end();
    assert.deepEqual(await exit, [0, null]);
    await ended;
  });

  test("ends when the service does, so that the browser notices", async (t) => {
    const { bridge, socket } = await bridgeCast(t);
    const exit = once(bridge, "exit");
    socket.destroy();
    assert.deepEqual(await exit, [1, null]);
  });

  test("serves no other extension, not by one byte", async () => {
    const evil = await runToEnd("native-host/src/bridge.ts", [
      "chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh/",
    ]);
    assert.deepEqual([evil.code, evil.stdout], [1, ""]);
    assert.match(evil.stderr, /Only a browser with the Partyline extension/);
  });

  test("knows its extension in Chromium and in Firefox, and nobody else", () => {
    assert.equal(callerOrigin([ORIGIN]), ORIGIN);
    assert.equal(
      callerOrigin(["/home/alice/host.json", FIREFOX_EXTENSION_ID]),
      `moz-extension:${FIREFOX_EXTENSION_ID}`,
    );
    for (const argv of [[], ["https://evil.example/"], [`${ORIGIN}x`], ["/host.json", "evil@example"]]) {
      assert.equal(callerOrigin(argv), undefined);
    }
  });
});

describe("The way to the service", () => {
  test("starts it once when nobody answers, and waits until it does", async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "partyline-reach-"));
    let starts = 0;
    const opened = Promise.withResolvers<Awaited<ReturnType<typeof openListener>>>();
    const socket = await reachService(directory, () => {
      starts += 1;
      openListener({ directory, service: new FakeCallControl(), name: "late" }).then(
        opened.resolve,
        opened.reject,
      );
    });
    assert.equal(starts, 1);
    socket.destroy();
    t.after(async () => {
      await (await opened.promise).close();
      await rm(directory, { recursive: true });
    });
  });
});
