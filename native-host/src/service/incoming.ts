/** Calls that come in: whom they are for, who rings, and what is kept of those that nobody answered. */

import type { CallControl } from "../api/call-control.ts";
import type { Joined } from "../api/requests.ts";
import { type IncomingConfig, readIncoming } from "../config-incoming.ts";
import type { Codec, Device } from "../devices/device.ts";
import { readAudio } from "../sdp/session.ts";
import type { IncomingInvite } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import { parseUri } from "../sip/uri.ts";
import { acceptFar } from "./accept-far.ts";
import type { Announcer } from "./announcer.ts";
import { Answering, type AnsweringOptions } from "./answering.ts";
import type { Call } from "./call.ts";
import { calledAs } from "./called-as.ts";
import type { DoNotDisturb } from "./do-not-disturb.ts";
import type { CallerIdentity } from "./far-end.ts";
import { IncomingCall, type Picked } from "./incoming-call.ts";
import type { Joining, Lines } from "./joining.ts";
import { LoopCall } from "./loop-call.ts";
import type { MissedCalls } from "./missed-calls.ts";
import { takeOver } from "./take-over.ts";
import { whoIs } from "./visitor.ts";

/** How the user wants to be called. */
export interface Reception {
  readonly config: IncomingConfig;
  readonly doNotDisturb: Pick<DoNotDisturb, "on">;
  readonly missed: Pick<MissedCalls, "add" | "flush">;
  readonly announcer?: Announcer;
}

export interface IncomingOptions extends Omit<AnsweringOptions, "devices"> {
  readonly reception: Reception;
  readonly lines: Lines;
  readonly joining: Joining;
  /** Aborted when the service ends. */
  readonly over: AbortSignal;
  readonly onChange: (call: Call) => void;
  readonly onTrouble: (what: string, cause: unknown) => void;
}

/** Where nothing is configured: everything rings, and nothing is written down. */
export const OPEN_HOUSE: Reception = {
  config: readIncoming(undefined),
  doNotDisturb: { on: false },
  missed: { add: () => undefined, flush: () => undefined },
};

/** More than anybody can want to answer; the next ones hear that the user is busy. */
const MOST_RINGING = 4;
const CODECS: readonly Codec[] = ["PCMU", "PCMA"];
/** Why a call counts as missed: nobody answered, the caller gave up, or it was not let through. */
const MISSED: readonly (string | undefined)[] = ["no-answer", "cancelled", "busy"];

export class Incoming {
  readonly #options: IncomingOptions;
  readonly #answering: Answering;
  readonly #shown = new Map<IncomingCall, { withdraw(): void } | undefined>();

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.#answering = new Answering({ ...options, devices: options.lines.devices });
  }

  /** Answers the INVITE, in the end. */
  receive(invite: IncomingInvite): void {
    const { calls, onTrouble } = this.#options;
    const { replaces } = invite;
    if (!replaces) this.#comesIn(invite);
    else
      takeOver(invite, replaces, calls.all).catch((cause) => onTrouble("a call was not taken over", cause));
  }

  /** What an INVITE would get now, for OPTIONS (RFC 3261 §11.2). */
  statusFor(target: SipUri): number {
    // Whoever asks the service itself, and no user of it, only wants to know whether it is there.
    if (parseUri(target)?.user === undefined) return 200;
    if (!calledAs(target, "", this.#addresses)) return 404;
    return this.#options.reception.doNotDisturb.on || this.#isBusy ? 486 : 200;
  }

  /** Throws ServiceError. */
  async answer(request: Parameters<CallControl["answer"]>[0]): Promise<Joined> {
    const call = this.#answering.find(request);
    const { device: named, client } = request;
    const { lines, joining } = this.#options;
    if (named === undefined || lines.devices.find(named)) return this.#answering.answer(call, request);
    const asker = { client, signal: AbortSignal.any([request.signal, call.over]) };
    const device = await joining.consent.device(named, asker, call.visitor.uri);
    return this.#answering.answer(call, { ...request, device });
  }

  /** Throws ServiceError. */
  async decline(request: Parameters<CallControl["decline"]>[0]): Promise<void> {
    this.#answering.find(request).decline(request.code);
  }

  /** The service ends: nothing that was missed is lost. */
  close(): void {
    this.#write(({ missed }) => missed.flush());
  }

  get #addresses() {
    const { lines, reception } = this.#options;
    const { identity, accounts } = lines;
    const { direct } = reception.config;
    return { accounts: accounts?.identities ?? [], identity: identity.uri, direct };
  }

  get #isBusy(): boolean {
    const { calls, reception } = this.#options;
    return reception.config.onBusy === "refuse" && calls.size > 0;
  }

  #comesIn(invite: IncomingInvite): void {
    const { over, joining, reception } = this.#options;
    const called = calledAs(invite.target, invite.request.headers.to.uri, this.#addresses);
    const codecs = this.#common(invite);
    if (!called) invite.reject(404);
    else if (over.aborted) invite.reject(503);
    else if (codecs.length === 0) invite.reject(488);
    else if (this.#shown.size >= MOST_RINGING || !joining.hasRoom) invite.reject(486);
    else {
      const call = this.#callOf(invite, called, codecs);
      if (reception.doNotDisturb.on || this.#isBusy) call.turnAway();
      else this.#ring(call);
    }
  }

  /** The codecs a device may choose from; all of ours when the caller leaves the offer to us. */
  #common({ offer }: IncomingInvite): readonly Codec[] {
    const ours = this.#options.lines.codecs ?? CODECS;
    if (offer === undefined) return ours;
    const theirs = readAudio(offer, ours)?.codecs ?? [];
    return ours.filter((name) => theirs.some((offered) => offered.name === name));
  }

  #callOf(invite: IncomingInvite, called: CallerIdentity, codecs: readonly Codec[]): IncomingCall {
    const { calls, reception, onChange } = this.#options;
    const { ring, eachS, giveUpS } = reception.config;
    return new IncomingCall({
      id: calls.nextId(),
      invite,
      visitor: { ...whoIs(invite.from), called },
      codecs,
      ringing: {
        devices: this.#ringers,
        how: ring,
        ringMs: 1000 * (ring === "in-turn" ? eachS : giveUpS),
      },
      giveUpMs: 1000 * giveUpS,
      onChange,
      onPicked: (call, picked) => this.#putThrough(call, picked),
      onOver: (call, elsewhere) => this.#over(call, elsewhere),
    });
  }

  /** The user's devices that ring: those named, or all, unless they are in a call. */
  get #ringers(): readonly Device[] {
    const { lines, calls, reception } = this.#options;
    const named = reception.config.devices?.flatMap((id) => lines.devices.find(id) ?? []);
    const isFree = (device: Device) => device.readiness !== "offline" && !calls.of(device);
    return (named ?? lines.devices.list()).filter(isFree);
  }

  #ring(call: IncomingCall): void {
    const { calls, reception, over } = this.#options;
    calls.add(call);
    this.#shown.set(call, undefined);
    call.start();
    const shown = reception.announcer?.incoming({
      view: call.view,
      answer: async () => void (await this.#answering.answer(call, { client: "desktop", signal: over })),
      decline: async () => call.decline(603),
    });
    if (this.#shown.has(call)) this.#shown.set(call, shown);
    else shown?.withdraw();
  }

  /** The call goes on under its name, as one like any other. */
  #putThrough(incoming: IncomingCall, { device, leg, client }: Picked): Promise<Call> {
    const { calls, joining, onTrouble } = this.#options;
    const { id, visitor, invite } = incoming;
    const { uri: target, display, called: from } = visitor;
    this.#withdraw(incoming);
    const call = new LoopCall(
      { id, client, target, display, from, muted: false, dir: "in" },
      joining.surroundings,
    );
    calls.use(call);
    const through = call
      .putThrough(device, leg, (path) => acceptFar(invite, path, { target, from }))
      .then(() => call);
    through.catch((cause: unknown) => onTrouble(`${id} was not put through`, cause));
    return through;
  }

  #over(call: IncomingCall, elsewhere: boolean): void {
    const { reception } = this.#options;
    this.#withdraw(call);
    if (elsewhere || !MISSED.includes(call.view.error?.code)) return;
    this.#write(({ missed }) => missed.add(call.view, call.at));
    // Who is not to be disturbed is not told either, and looks when there is time.
    if (!reception.doNotDisturb.on) reception.announcer?.missed(call.view);
  }

  #write(what: (reception: Reception) => void): void {
    try {
      what(this.#options.reception);
    } catch (cause) {
      this.#options.onTrouble("missed calls could not be written", cause);
    }
  }

  #withdraw(call: IncomingCall): void {
    this.#shown.get(call)?.withdraw();
    this.#shown.delete(call);
  }
}
