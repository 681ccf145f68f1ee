/** A client's way to the service: connect to its socket, start it if nobody answers, try again until it does. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { childEnvironment, socketPath } from "../environment.ts";

const RETRY_MS = 20;
const GIVE_UP_MS = 5_000;

/** Nothing answers on the API socket; the message is one sentence with what to do. */
export class ServiceGoneError extends Error {
  override readonly name = "ServiceGoneError";
}

/** Connects to a running service. Rejects with ServiceGoneError when there is none. */
export async function connectToService(directory: string): Promise<Socket> {
  const socket = connect(socketPath(directory));
  try {
    await once(socket, "connect");
  } catch (cause) {
    throw new ServiceGoneError("The SIP service is not running; start it with: partyline service", { cause });
  }
  return socket;
}

/** Connects, calling `start` once if nobody answers, then every 20 ms for 5 s. */
export async function reachService(directory: string, start: () => void): Promise<Socket> {
  const first = await connectToService(directory).catch(() => undefined);
  if (first) return first;
  start();
  const end = performance.now() + GIVE_UP_MS;
  while (performance.now() < end) {
    await delay(RETRY_MS);
    const socket = await connectToService(directory).catch(() => undefined);
    if (socket) return socket;
  }
  throw new ServiceGoneError("The SIP service did not start; run it by hand to see why: partyline service");
}

/** Starts the service so that it outlives us, until nobody needs it; its log is service.log beside the socket. */
export function startService(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const log = openSync(join(directory, "service.log"), "a", 0o600);
  const daemon = fileURLToPath(new URL("../../bin/daemon.mjs", import.meta.url));
  const child = spawn(process.execPath, [daemon, "--idle-exit"], {
    detached: true,
    stdio: ["ignore", "ignore", log],
    env: childEnvironment({ PARTYLINE_RUNTIME_DIR: directory }),
  });
  // If it cannot start, nobody answers on the socket, and that is reported.
  child.on("error", () => undefined);
  child.unref();
}
