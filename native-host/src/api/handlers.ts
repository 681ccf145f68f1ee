/** One entry per command: from the command as data to a method of the service, and its answer as data. */
import { ServiceError } from "../errors.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import type { Answer } from "./answers.ts";
import type { CallControl, ClientId, Joined, JoinRequest, Mode, ServiceEvent } from "./call-control.ts";
import type { Command, CommandName, CommandOf } from "./command.ts";
import { accountElement, callElement, deviceElement } from "./events.ts";

/** The command's surroundings: who sent it, how long it may take, and ways to speak to that client. */
export interface Context {
  readonly service: CallControl;
  readonly client: ClientId;
  readonly signal: AbortSignal;
  /** What the service calls itself, and the number of the last event this client was sent. */
  readonly greeting: { readonly service: string; readonly seq: number };
  onAccepted(call: string): void;
  /** An event addressed to this client itself. */
  tell(happened: XmlElement): void;
  /** Starts a subscription; its events wait until `flow` is called. */
  subscribe(start: (emit: (event: ServiceEvent) => void) => () => void): {
    readonly sub: string;
    flow(): void;
  };
}

type Handlers = {
  readonly [Name in CommandName]: (command: CommandOf<Name>, context: Context) => Answer | Promise<Answer>;
};

/** Tokens of what this version of the service can do. */
const FEATURES = "accounts loop roster talking prompts trace web";
const VERSION = 1;

const HANDLERS: Handlers = {
  Hello: ({ versions }, { client, greeting }) => {
    if (!versions.includes(VERSION)) throw new ServiceError("unsupported-version", [versions.join(" ")]);
    return {
      welcome: { version: VERSION, service: greeting.service, features: FEATURES, client, seq: greeting.seq },
    };
  },
  Ping: () => ({}),
  ExternalJoin: externalJoin,
  Join: async (command, context) => {
    if (command.device === undefined) return externalJoin(command, context);
    const { device, mode } = command;
    return joined(await context.service.join({ ...joinRequest(command, context), device, mode }));
  },
  SameDeviceJoin: async (command, context) => {
    const { call, fallback } = command;
    const request = { ...joinRequest(command, context), ...(call !== undefined && { call }), fallback };
    const switched = await context.service.switchTo(request);
    const { attributes } = joined(switched);
    return { attributes: { ...attributes, gap: Math.max(0, Math.round(switched.gapMs)) } };
  },
  Use: ({ device, call }, { service, client }) =>
    done(service.useDevice({ device, client, ...(call !== undefined && { call }) })),
  Leave: ({ call, all, hangup }, { service, client }) =>
    done(service.leave({ all, hangup, client, ...(call !== undefined && { call }) })),
  Mute: (command, context) => mute(command, context, true),
  Unmute: (command, context) => mute(command, context, false),
  Devices: (_command, { service }) => ({
    children: [el("Devices", {}, service.devices().map(deviceElement))],
  }),
  Status: (_command, { service }) => {
    const accounts = service.accounts().map(accountElement);
    return { children: [el("Status", {}, [...accounts, ...service.calls().map(callElement)])] };
  },
  Subscribe: ({ topic, id }, context) => {
    const { service, client } = context;
    const { sub, flow } = context.subscribe((emit) => service.subscribe(topic, { id, client }, emit));
    return { attributes: { sub }, afterwards: flow };
  },
  Choose: ({ name: _name, ...choice }, { service, client }) => {
    service.choose({ ...choice, client });
    return {};
  },
  WebPhone: ({ dev, label }, { service, client, tell }) => {
    service.webPhone({
      dev,
      ...(label !== undefined && { name: label }),
      client,
      ring: (session) => tell(el("WebRing", { dev, session })),
      hangup: (session) => tell(el("WebHangup", { dev, session })),
    });
    return {};
  },
  WebOffer: async ({ name: _name, ...offer }, { service }) => {
    const sdp = await service.webOffer(offer);
    return sdp === undefined ? {} : { children: [el("Sdp", {}, [sdp])] };
  },
};

/** Runs one command. The cast is safe: `Handlers` maps each name to a handler of that very command. */
export async function dispatch(command: Command, context: Context): Promise<Answer> {
  const handler = HANDLERS[command.name] as (command: Command, context: Context) => Answer | Promise<Answer>;
  return handler(command, context);
}

type JoinCommand = CommandOf<"Join" | "ExternalJoin" | "SameDeviceJoin">;

async function externalJoin(
  command: JoinCommand & { readonly mode: Mode },
  context: Context,
): Promise<Answer> {
  return joined(await context.service.externalJoin({ ...joinRequest(command, context), mode: command.mode }));
}

function joinRequest(command: JoinCommand, { client, signal, onAccepted }: Context): JoinRequest {
  const { target, origin, display, muted } = command;
  return {
    target,
    ...(origin !== undefined && { origin }),
    ...(display !== undefined && { display }),
    ...(muted !== undefined && { muted }),
    client,
    signal,
    onAccepted,
  };
}

function joined({
  call,
  conf,
}: Joined): Answer & { readonly attributes: { call: string; conf: string | undefined } } {
  return { attributes: { call, conf } };
}

function mute(
  { call }: { readonly call?: string },
  { service, client }: Context,
  muted: boolean,
): Promise<Answer> {
  return done(service.mute({ muted, client, ...(call !== undefined && { call }) }));
}

async function done(work: Promise<void>): Promise<Answer> {
  await work;
  return {};
}
