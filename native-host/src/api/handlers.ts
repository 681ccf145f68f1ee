/** One entry per command: from the command as data to a method of the service, and its answer as data. */
import { ServiceError } from "../errors.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { type Answer, errorElement, failureOf, shortened } from "./answers.ts";
import type { CallControl, ClientId, Mode } from "./call-control.ts";
import type { Command, CommandName, CommandOf } from "./command.ts";
import type { Return } from "./departed.ts";
import { accountElement, callElement, deviceElement, tunnelElement } from "./events.ts";
import type { Invited, Joined, JoinRequest, OnCall, TunnelData } from "./requests.ts";
import type { Follow } from "./subscription.ts";
import type { Opened, Wish } from "./subscriptions.ts";

/** The command's surroundings: who sent it, how long it may take, and ways to speak to that client. */
export interface Context {
  readonly service: CallControl;
  readonly client: ClientId;
  readonly signal: AbortSignal;
  /** The client says who it is, and perhaps by what it may come back. */
  introduce(former: Return | undefined): Greeting;
  onAccepted(call: string): void;
  /** An event addressed to this client itself. */
  tell(happened: XmlElement): void;
  /** Starts a subscription; its events wait until `flow` is called. */
  subscribe(wish: Wish, follow: Follow): Opened;
  /** Ends a subscription; the function returned says so to the client. */
  unsubscribe(sub: string): () => void;
}

/** What Welcome says beside the version. */
export interface Greeting {
  /** What the service calls itself. */
  readonly service: string;
  /** The number of the last event this client was sent, here or before. */
  readonly seq: number;
  /** By what it comes back. */
  readonly resume: Return | undefined;
}

type Handlers = {
  readonly [Name in CommandName]: (command: CommandOf<Name>, context: Context) => Answer | Promise<Answer>;
};

/** Tokens of what this version of the service can do. */
const FEATURES = "accounts invite loop presence prompts resume roster talking trace transfer tunnel web";
const VERSIONS = [1];

const HANDLERS: Handlers = {
  Hello: ({ versions, resume }, { client, introduce }) => {
    const version = Math.max(...VERSIONS.filter((known) => versions.includes(known)));
    if (version < 1) throw new ServiceError("unsupported-version", [versions.join(" ")]);
    return { welcome: { version, ...introduce(resume), features: FEATURES, client } };
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
  Use: ({ device, call }, { service, client, signal }) =>
    done(service.useDevice({ device, client, signal, ...(call !== undefined && { call }) })),
  Leave: ({ call, all, hangup }, { service, client }) =>
    done(service.leave({ all, hangup, client, ...(call !== undefined && { call }) })),
  Answer: async ({ name: _name, ...which }, { service, client, signal }) =>
    joined(await service.answer({ ...which, client, signal })),
  Decline: ({ call, code }, { service, client }) => done(service.decline({ call, code, client })),
  Hold: (command, { service, client }) => done(service.hold({ ...onCall(command, client), held: true })),
  Resume: (command, { service, client }) => done(service.hold({ ...onCall(command, client), held: false })),
  Mute: (command, context) => mute(command, context, true),
  Unmute: (command, context) => mute(command, context, false),
  Hand: ({ raised, user, ...which }, { service, client }) =>
    done(service.hand({ ...onCall(which, client), raised, ...(user !== undefined && { user }) })),
  Lock: (command, { service, client }) => done(service.lock({ ...onCall(command, client), locked: true })),
  Unlock: (command, { service, client }) => done(service.lock({ ...onCall(command, client), locked: false })),
  Dtmf: ({ name: _name, ...tones }, { service, client, signal }) =>
    done(service.dtmf({ ...tones, client, signal })),
  Invite: async ({ name: _name, ...wish }, { service, client, signal, onAccepted }) =>
    invited(await service.invite({ ...wish, client, signal, onAccepted })),
  Remove: ({ name: _name, ...whom }, { service, client }) => done(service.remove({ ...whom, client })),
  Tunnel: async ({ name: _name, ...command }, { service, client, signal, tell }) => {
    // What is said on a new channel waits for the Result that names it.
    const early: XmlElement[] = [];
    let named = command.channel !== undefined;
    const emit = (channel: string, data: TunnelData) => {
      const said = tunnelElement(command.plugin, channel, data);
      if (named) tell(said);
      else if (!signal.aborted) early.push(said);
    };
    const { channel } = await service.tunnel({ ...command, client, emit });
    const afterwards = () => {
      named = true;
      for (const said of early.splice(0)) tell(said);
    };
    return { attributes: { channel }, afterwards };
  },
  Test: async ({ device }, { service, client, signal }) => ({
    attributes: { detail: shortened(await service.testDevice({ device, client, signal })) },
  }),
  Devices: async (_command, { service }) => {
    await service.checkDevices();
    return { children: [el("Devices", {}, service.devices().map(deviceElement))] };
  },
  Status: (_command, { service }) => {
    const accounts = service.accounts().map(accountElement);
    return { children: [el("Status", {}, [...accounts, ...service.calls().map(callElement)])] };
  },
  Subscribe: ({ name: _name, ...wish }, { service, client, subscribe }) => {
    const { topic, id } = wish;
    const { sub, replayed, flow } = subscribe(wish, (emit) => service.subscribe(topic, { id, client }, emit));
    return { attributes: { sub, replayed }, afterwards: flow };
  },
  Unsubscribe: ({ sub }, { unsubscribe }) => ({ afterwards: unsubscribe(sub) }),
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

/** Everybody in is an ok; with anybody left out it is a partial failure, each with the reason. */
function invited({ call, conf, invitees }: Invited): Answer {
  const children = invitees.map(({ id, state, error }) =>
    el("Add", { id, state }, error ? [errorElement(error)] : []),
  );
  const failure = invitees.some(({ state }) => state === "failed")
    ? failureOf(new ServiceError("partial-failure", []))
    : undefined;
  return { attributes: { call, conf }, children, ...(failure && { failure }) };
}

function mute(
  { call, user }: CommandOf<"Mute" | "Unmute">,
  { service, client }: Context,
  muted: boolean,
): Promise<Answer> {
  const about = onCall({ ...(call !== undefined && { call }) }, client);
  return done(
    user === undefined ? service.mute({ ...about, muted }) : service.muteUser({ ...about, user, muted }),
  );
}

function onCall({ call }: { readonly call?: string }, client: ClientId): OnCall {
  return { client, ...(call !== undefined && { call }) };
}

async function done(work: Promise<void>): Promise<Answer> {
  await work;
  return {};
}
