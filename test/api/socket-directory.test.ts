import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { openListener } from "../../native-host/src/api/listener.ts";
import { apiCast } from "../support/api-cast.ts";
import { FakeCallControl } from "../support/fake-call-control.ts";

describe("The directory of the socket", () => {
  test("is closed to others, socket and all", async (t) => {
    const { directory, listener } = await apiCast(t);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.equal((await stat(listener.path)).mode & 0o777, 0o600);
  });

  test("is refused when others may enter it", async (t) => {
    const { directory, listener } = await apiCast(t);
    await listener.close();
    await chmod(directory, 0o755);
    const opening = openListener({ directory, service: new FakeCallControl(), name: "x" });
    await assert.rejects(opening, {
      name: "SocketDirectoryError",
      message: /open to other users \(mode 755\); run: chmod 700/,
    });
    await chmod(directory, 0o700);
  });

  test("is owned by one service at a time, and free again when that one ends", async (t) => {
    const { directory, listener } = await apiCast(t);
    const options = { directory, service: new FakeCallControl(), name: "second" };
    await assert.rejects(openListener(options), { message: /Another Partyline service is running/ });
    await listener.close();
    const second = await openListener(options);
    await second.close();
  });

  test("is taken over from a service that was killed", async (t) => {
    const { directory, listener } = await apiCast(t);
    await listener.close();
    await leaveStaleSocket(listener.path);
    const second = await openListener({ directory, service: new FakeCallControl(), name: "second" });
    const socket = connect(second.path);
    await once(socket, "connect");
    socket.destroy();
    await second.close();
  });

  test("is left alone when something else lies where the socket belongs", async (t) => {
    const { directory, listener } = await apiCast(t);
    await listener.close();
    await writeFile(listener.path, "precious");
    const opening = openListener({ directory, service: new FakeCallControl(), name: "x" });
    await assert.rejects(opening, { message: /in the way and not a socket/ });
  });
});

/** A socket file nobody listens on, as kill -9 leaves it. */
async function leaveStaleSocket(path: string): Promise<void> {
  const child = spawn(process.execPath, [
    "-e",
    `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`,
  ]);
  await once(child, "exit");
  assert.ok((await stat(path)).isSocket());
}
