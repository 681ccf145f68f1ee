/** `npm start`: the whole of Partyline on this machine, in a browser of its own or, without a display, told in words. */
import { parseArgs } from "node:util";
import { type Ports, portsFrom } from "../native-host/src/commands/ports.ts";
import { buildExtension } from "../test/support/extension-build.ts";
import { isFree } from "../test/support/ports.ts";
import { takePrecedence } from "../test/support/precedence.ts";
import { type Cast, startCast } from "./demo/cast.ts";
import { wrongs } from "./demo/figures.ts";
import { Flow } from "./demo/flow.ts";
import { openBrowser } from "./demo/open-browser.ts";
import type { Say } from "./demo/say.ts";
import { type Site, startSite } from "./demo/site.ts";
import { walk } from "./demo/walk.ts";

const USAGE = `npm start [-- --headless | --once] [--flow] [--port-base N]

  --headless      no window: alice and bob in headless browsers, carol with a baresip
  --once          headless; walks them through the pages, judges what each heard and saw, and ends
  --flow          draw every SIP message as an arrow of a call flow
  --port-base N   listen on N, N+10, N+20 … instead of the usual ports (with --once: any free ones)
`;

const OPTIONS = {
  headless: { type: "boolean", default: false },
  once: { type: "boolean", default: false },
  flow: { type: "boolean", default: false },
  "port-base": { type: "string" },
  help: { type: "boolean", default: false },
} as const;

/** Ends only by the user. */
const NEVER = new Promise<never>(() => undefined);

type Options = ReturnType<typeof readOptions>;

function readOptions() {
  const { values } = parseArgs({ options: OPTIONS });
  const base = values["port-base"];
  return { ...values, ports: base === undefined ? undefined : portsFrom(base) };
}

/** Those asked for, else the usual ones if all are free, else (and for a judged walk) any free ones. */
async function choosePorts({ once, ports }: Options): Promise<Ports | undefined> {
  if (ports || once) return ports;
  const usual = portsFrom(undefined);
  const { service, proxy, conference, control, mixer, web } = usual;
  const free = await Promise.all([service, proxy, conference, control, mixer, web].map(isFree));
  if (free.every(Boolean)) return usual;
  say("some of the usual ports are taken; any free ones are used");
  return undefined;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function hasDisplay(): boolean {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  return process.platform !== "linux" || Boolean(DISPLAY || WAYLAND_DISPLAY);
}

/** Resolves on Ctrl-C or SIGTERM. */
function untilStopped(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once("SIGINT", () => resolve());
  process.once("SIGTERM", () => resolve());
  return promise;
}

/** The walk with its verdict; the last line is JSON. */
async function showOnce(cast: Cast): Promise<boolean> {
  const figures = await walk(cast);
  const wrong = wrongs(figures);
  for (const sentence of wrong) say(`wrong: ${sentence}`);
  const verdict = wrong.length === 0 ? { demo: "ok" } : { demo: "failed", wrong };
  say(JSON.stringify({ ...verdict, ...figures }));
  return wrong.length === 0;
}

async function inWords(stack: AsyncDisposableStack, site: Site, once: boolean): Promise<boolean> {
  const cast = await startCast(stack, site, say);
  say("ready");
  if (once) return showOnce(cast);
  await walk(cast);
  say("they stay; Ctrl-C ends it");
  await NEVER;
  return true;
}

async function inBrowser(stack: AsyncDisposableStack, site: Site, told: Say): Promise<boolean> {
  const { closed } = await openBrowser(stack, site, told);
  told("ready");
  await closed;
  return true;
}

/** Until the play is over or the user stops it, also in the middle of its beginning. */
async function run(options: Options): Promise<boolean> {
  const stopped = untilStopped();
  await using stack = new AsyncDisposableStack();
  const playing = play(stack, options);
  // What fails because it was stopped is no news.
  playing.catch(() => undefined);
  const right = await Promise.race([playing, stopped.then(() => !options.once)]);
  if (!options.once) say("ending");
  return right;
}

async function play(stack: AsyncDisposableStack, options: Options): Promise<boolean> {
  if (options.once) takePrecedence();
  await buildExtension();
  say("extension ready in dist/extension");
  const ports = await choosePorts(options);
  const flow = options.flow ? new Flow(say, process.stdout) : undefined;
  const site = await startSite(stack, { say, ...(flow && { flow }), ...(ports && { ports }) });
  const windowless = options.headless || options.once || !hasDisplay();
  return windowless ? inWords(stack, site, options.once) : inBrowser(stack, site, say);
}

function optionsOrExit(): Options {
  try {
    return readOptions();
  } catch (cause) {
    const words = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    process.stderr.write(`start: ${words}\n${USAGE}`);
    process.exit(2);
  }
}

const options = optionsOrExit();
if (options.help) say(USAGE);
else {
  // Every part is told to end, also when one of them failed to start.
  const right = await run(options).catch((cause: unknown) => {
    process.stderr.write(`start: ${cause instanceof Error ? cause.message : String(cause)}\n`);
    return false;
  });
  // Something half started may still hold the process; what runs is told to end with it.
  process.exit(right ? 0 : 1);
}
