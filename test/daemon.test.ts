import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, test } from "node:test";
import { ApiClient, Daemon, type DaemonOptions } from "./support/daemon.ts";
import { runToEnd } from "./support/processes.ts";

const DAEMON = new URL("../native-host/bin/daemon.mjs", import.meta.url).pathname;

let open: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.map((one) => one.stop()));
  open = [];
});

async function start(options: Partial<DaemonOptions> = {}): Promise<Daemon> {
  const daemon = await Daemon.start({ name: "alice", ...options });
  open.push(daemon);
  return daemon;
}

describe("The service as a program", () => {
  test("answers on its socket once it says that it is ready", async () => {
    const daemon = await start();
    const client = await ApiClient.connect(daemon.socketPath);

    await client.tell("Ping");
    client.close();
  });

  test("finds baresip where nothing is configured, and only what is configured elsewhere", async () => {
    const plain = await start();
    const desk = { id: "desk", kind: "sip", name: "Desk", uri: "sip:desk@127.0.0.1:5999" };
    const configured = await start({ config: { devices: [desk] } });
    const devices = async (daemon: Daemon) => {
      const client = await ApiClient.connect(daemon.socketPath);
      const result = await client.tell("Devices");
      client.close();
      return result.children[0]?.children.map(
        ({ attributes }) => `${attributes["dev"]} ${attributes["kind"]}`,
      );
    };

    assert.deepEqual(await devices(plain), ["baresip softphone"]);
    assert.deepEqual(await devices(configured), ["desk sip"]);
  });

  test("takes the next SIP port when its own is taken, and says so", async () => {
    const taken = createSocket("udp4");
    taken.bind(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address();

    const daemon = await start({ args: ["--sip-port", String(port)] });

    await daemon.program.says(new RegExp(`SIP port ${port} is taken; using ${port + 1}`));
    taken.close();
  });

  test("ends within five seconds of SIGTERM with exit code 0, and its clients know", async () => {
    const daemon = await start();
    const socket = connect(daemon.socketPath);
    await once(socket, "connect");
    socket.write("<Ping/>\0");
    await once(socket, "data");
    const closed = once(socket, "close");

    assert.ok((await daemon.program.stop()) < 5000);

    await closed;
    assert.equal(await daemon.program.exited, 0);
  });

  test("lives through bytes that are neither XML nor SIP", async () => {
    const daemon = await start();
    const [line] = await daemon.program.says(/SIP on sip:127\.0\.0\.1:\d+/);
    const stranger = createSocket("udp4");
    for (const bytes of ["", "\r\n\r\n", "INVITE", "a".repeat(60_000), "SIP/2.0 200 OK\r\n\r\n"]) {
      stranger.send(bytes, Number(line.split(":").at(-1)), "127.0.0.1");
    }
    const rude = connect(daemon.socketPath);
    rude.on("error", () => undefined);
    rude.end("GET / HTTP/1.1\r\n\r\n");
    await once(rude, "close");

    const client = await ApiClient.connect(daemon.socketPath);
    await client.tell("Ping");

    client.close();
    stranger.close();
    assert.ok(daemon.program.running);
  });

  for (const [words, sentence] of [
    [["--sip-port", "many"], /--sip-port many is not a port\./],
    [["--bind", "0.0.0.0"], /--bind 0\.0\.0\.0 is not one address/],
    [["--log-level", "loud"], /--log-level loud is not one of/],
    [["--teleport"], /--teleport/],
  ] as const) {
    test(`refuses ${words.join(" ")} in one sentence, with exit code 2`, async () => {
      const { code, lines } = await runToEnd(process.execPath, { name: "service", args: [DAEMON, ...words] });

      assert.equal(code, 2);
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? "", sentence);
    });
  }

  test("refuses a configuration with a mistake in one sentence that says where", async () => {
    await assert.rejects(
      start({ config: { devices: [{ id: "desk", kind: "sip" }] } }),
      /devices\[0\]\.uri is missing/,
    );
  });
});
