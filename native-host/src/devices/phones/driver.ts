/** One phone and how it is told things: the dialect it speaks, found out if need be, by HTTP or by NOTIFY. */

import { ServiceError } from "../../errors.ts";
import {
  ACTIONS,
  type Action,
  type Dialect,
  type PhoneCall,
  type Template,
  type Templates,
} from "./dialect.ts";
import { dialectNamed, recognise } from "./dialects.ts";
import { UnfillableError, type Values, wants } from "./fill.ts";
import type { PhoneHttp } from "./phone-http.ts";
import { notifyPhone, type PhoneNotifyOptions, userAgentOf } from "./phone-notify.ts";
import { ourCall } from "./reports.ts";

export interface DriverOptions {
  readonly id: string;
  readonly by: "http" | "notify";
  readonly model?: string | undefined;
  readonly account?: string | undefined;
  /** In place of those of the dialect. */
  readonly requests: Templates;
  readonly http?: PhoneHttp | undefined;
  /** Where it is reached by SIP. */
  readonly sip?: PhoneNotifyOptions | undefined;
}

const CHECK_MS = 400;

/** What is said beside the action; `remote` finds the call where the phone wants its name. */
export type Told = Values & { readonly remote?: string };

export class Driver {
  readonly #options: DriverOptions;
  #dialect: Dialect | undefined;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#dialect = options.model === undefined ? undefined : dialectNamed(options.model);
  }

  /** What the phone can be told; before it is recognised no more than the configuration says. */
  get can(): ReadonlySet<Action> {
    const { by, requests } = this.#options;
    const known = by === "http" ? { ...this.#dialect?.http, ...requests } : this.#dialect?.notify?.bodies;
    return new Set(ACTIONS.filter((action) => known?.[action] !== undefined));
  }

  /** Throws ServiceError. */
  async dialect(signal: AbortSignal): Promise<Dialect> {
    this.#dialect ??= await this.#recognised(signal);
    return this.#dialect;
  }

  /** Resolves when the phone obeyed, as far as it tells. Throws ServiceError. */
  async tell(action: Action, { remote = "", ...told }: Told, signal: AbortSignal): Promise<void> {
    const dialect = await this.dialect(signal);
    const values = { account: this.#options.account ?? dialect.account, ...told, ...digitOf(told, dialect) };
    await this.#filled(async () => {
      const { sip, by } = this.#options;
      if (by === "notify" && sip) return notifyPhone(sip, { dialect, action, values });
      const template = this.#template(action, dialect);
      const call = wants(template, "call")
        ? (values.call ?? (await this.#callFor(action, remote, signal)))
        : undefined;
      // What is over need not be hung up.
      if (wants(template, "call") && call === undefined && action === "hangUp") return;
      await this.#http().send(template, { ...values, call }, { dialect, signal });
    });
  }

  /** The calls the phone has. Throws ServiceError. */
  async calls(signal: AbortSignal): Promise<readonly PhoneCall[]> {
    const dialect = await this.dialect(signal);
    const { account } = this.#options;
    const { body } = await this.#http().send(
      this.#template("calls", dialect),
      { account },
      { dialect, signal },
    );
    return dialect.readCalls?.(body) ?? [];
  }

  /** Whether it is there and lets us in, as a sentence. Throws ServiceError. */
  async probe(signal: AbortSignal): Promise<string> {
    const dialect = await this.dialect(signal);
    const { id, by, sip, http } = this.#options;
    if (by === "notify" && sip) {
      const said = await userAgentOf(sip);
      if (said === undefined) throw new ServiceError("device-offline", [id]);
      return `It is there${said === "" ? "" : ` (${said})`}; whether it obeys NOTIFY shows when it dials.`;
    }
    const template =
      this.#options.requests.probe ?? dialect.http.probe ?? ({ method: "GET", path: "/" } as const);
    await this.#filled(() => this.#http().send(template, {}, { dialect, signal }));
    return `It speaks ${dialect.vendor}${http?.loggedIn ? " and took the password" : ""}.`;
  }

  /** Whether anybody is there at all; takes half a second at most. */
  async answers(): Promise<boolean> {
    const { http, sip } = this.#options;
    return http ? http.answers() : sip === undefined || (await userAgentOf(sip, CHECK_MS)) !== undefined;
  }

  async #callFor(action: Action, remote: string, signal: AbortSignal): Promise<string | undefined> {
    const calls = await this.calls(signal);
    const call =
      action === "answer" ? calls.find(({ state }) => state === "incoming") : ourCall(calls, remote);
    if (call || action === "hangUp") return call?.ref;
    throw new ServiceError("wrong-state", ["the phone has no such call"]);
  }

  #template(action: Action, dialect: Dialect): Template {
    const template = this.#options.requests[action] ?? dialect.http[action];
    if (template) return template;
    const instead = dialect.notify?.bodies[action]
      ? 'set "by" to "notify"'
      : 'say a request for it in "requests"';
    const how = `be told by HTTP to ${WORDS[action]}; ${instead}`;
    throw new ServiceError("device-unsupported", [this.#options.id, how]);
  }

  #http(): PhoneHttp {
    const { http, id } = this.#options;
    if (http) return http;
    throw new ServiceError("device-unsupported", [id, 'be told that without its "url"']);
  }

  async #recognised(signal: AbortSignal): Promise<Dialect> {
    const { id, sip, http } = this.#options;
    const bySip = sip && recognise((await userAgentOf(sip)) ?? "");
    const dialect = bySip ?? (http && recognise(await http.introduction(signal)));
    if (dialect) return dialect;
    throw new ServiceError("device-unsupported", [id, 'be recognised; say its "model"']);
  }

  async #filled<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (cause) {
      if (!(cause instanceof UnfillableError)) throw cause;
      const missing =
        cause.place === "account"
          ? 'dial without its line; say it in "account"'
          : `be told: ${cause.message}`;
      throw new ServiceError("device-unsupported", [this.#options.id, missing], { cause });
    }
  }
}

const WORDS: { readonly [Name in Action]: string } = {
  dial: "dial",
  answer: "answer",
  hangUp: "hang up",
  hold: "hold",
  resume: "resume",
  mute: "mute",
  unmute: "unmute",
  dtmf: "dial digits in a call",
  probe: "show that it is there",
  calls: "list its calls",
};

function digitOf({ digit }: Values, { digits }: Dialect): Values {
  return digit === undefined ? {} : { digit: digits?.[digit] ?? digit };
}
