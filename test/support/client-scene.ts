/** A service behind its socket, and clients of the package's that come and go. */
import { mkdtemp, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Listener, openListener } from "../../native-host/src/api/listener.ts";
import { type ConnectOptions, PartylineClient } from "../../native-host/src/client/partyline-client.ts";
import { FakeCallControl } from "./fake-call-control.ts";

interface Scene {
  readonly service: FakeCallControl;
  readonly directory: string;
  listener: Listener;
  connect(options?: ConnectOptions): Promise<PartylineClient>;
  /** Cuts every client off. */
  loseConnection(): void;
  /** Another run of the service, in the same place. */
  restart(): Promise<void>;
}

export async function scene(t: TestContext): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), "partyline-client-"));
  const service = new FakeCallControl();
  const sockets = new Set<Socket>();
  const before = Socket.prototype.connect;
  t.mock.method(
    Socket.prototype,
    "connect",
    function (this: Socket, ...where: Parameters<Socket["connect"]>) {
      sockets.add(this);
      return before.apply(this, where);
    },
  );
  const open = () => openListener({ directory, service, name: "partyline/test" });
  const clients: PartylineClient[] = [];
  const staged: Scene = {
    service,
    directory,
    listener: await open(),
    connect: async (options = {}) => {
      const client = await PartylineClient.connect({ runtimeDir: directory, ...options });
      clients.push(client);
      return client;
    },
    loseConnection: () => {
      for (const socket of sockets) socket.destroy();
    },
    restart: async () => {
      await staged.listener.close();
      staged.listener = await open();
    },
  };
  t.after(async () => {
    for (const client of clients) client.close();
    await staged.listener.close();
    await rm(directory, { recursive: true });
  });
  return staged;
}
