/** Carries documents between a browser (stdin, stdout) and the service's socket, for pinned extensions only. */
import type { Socket } from "node:net";
import { runtimeDir } from "../environment.ts";
import { ServiceError } from "../errors.ts";
import { CHROMIUM_EXTENSION_ID, FIREFOX_EXTENSION_ID } from "../extension-id.ts";
import { el, formatXml } from "../xml/strict.ts";
import { failureOf, refused } from "./answers.ts";
import { FrameReader, frame, MAX_FRAME_BYTES, NulReader } from "./framing.ts";
import { reachService, startService } from "./reach-service.ts";

/**
 * The extension that asks, from the arguments a browser starts us with: Chromium gives its origin, Firefox the path of
 * our manifest and the add-on's id. Undefined for everybody else.
 */
export function callerOrigin(argv: readonly string[]): string | undefined {
  const chromium = `chrome-extension://${CHROMIUM_EXTENSION_ID}/`;
  if (argv[0] === chromium) return chromium;
  return argv[1] === FIREFOX_EXTENSION_ID ? `moz-extension:${FIREFOX_EXTENSION_ID}` : undefined;
}

/** Runs until the browser or the service closes its end; the process's exit code says which: 0 the browser. */
export async function runBridge(): Promise<void> {
  const origin = callerOrigin(process.argv.slice(2));
  if (origin === undefined) fail("Only a browser with the Partyline extension starts this program.");
  const directory = runtimeDir();
  const socket = await reachService(directory, () => startService(directory)).catch((error: Error) =>
    fail(error.message),
  );
  socket.write(`${formatXml(el("Bridge", { origin }))}\0`);
  pipeOut(socket);
  pipeIn(socket);
}

/** Browser to service. End of input is the browser's farewell. */
function pipeOut(socket: Socket): void {
  const reader = new FrameReader({
    onDocument: (text) => {
      if (!socket.write(`${text}\0`)) process.stdin.pause();
    },
    onRefused: (why) => say(formatXml(refused(undefined, failureOf(new ServiceError("bad-xml", [why]))))),
  });
  process.stdin.on("data", (chunk: Buffer) => reader.push(chunk));
  process.stdin.on("end", () => leave(socket));
  process.stdin.on("error", () => leave(socket));
  socket.on("drain", () => process.stdin.resume());
}

/** Service to browser. */
function pipeIn(socket: Socket): void {
  const reader = new NulReader(
    {
      onDocument: (text) => {
        if (!say(text)) socket.pause();
      },
      onRefused: (why) => process.stderr.write(`A document of the service was left out: ${why}.\n`),
    },
    MAX_FRAME_BYTES,
  );
  socket.on("data", (chunk) => reader.push(chunk));
  socket.on("error", () => socket.destroy());
  socket.on("close", () => process.exit(1));
  process.stdout.on("drain", () => socket.resume());
  process.stdout.on("error", () => leave(socket));
}

/** Writes one frame; false when the browser is slow to take it. */
function say(document: string): boolean {
  const bytes = frame(document);
  if (bytes) return process.stdout.write(bytes);
  process.stderr.write("A document of the service was left out: it is too long for a browser.\n");
  return true;
}

function leave(socket: Socket): void {
  socket.removeAllListeners("close");
  socket.on("close", () => process.exit(0));
  socket.end();
  socket.destroySoon();
}

function fail(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}
