/** A phone driven by HTTP or NOTIFY, as the configuration describes it. */

import { resolve } from "node:path";
import type { Beside, CommonConfig } from "./config-device.ts";
import { ConfigError, compact, type Section } from "./config-section.ts";
import { ACTIONS, type Action, type Template, type Templates } from "./devices/phones/dialect.ts";
import { DIALECTS } from "./devices/phones/dialects.ts";
import type { SipUri } from "./sip/message.ts";
import { PemError, readPem } from "./sip/transport/pem.ts";

export interface HttpPhoneConfig extends CommonConfig {
  readonly kind: "http";
  /** Of its web server, `http://` or `https://`; only a phone that is told by NOTIFY needs none. */
  readonly url?: string;
  /** How it is told. */
  readonly by: "http" | "notify";
  /** One of the dialects; recognised by what the phone says of itself when missing. */
  readonly model?: string;
  /** Where it is called: for loop mode and for NOTIFY. */
  readonly uri?: SipUri;
  readonly username?: string;
  readonly password?: string;
  readonly passwordFile?: string;
  /** Whether its password may be sent as it is over plain HTTP. */
  readonly clearPassword: boolean;
  /** PEM text. */
  readonly ca?: string;
  readonly fingerprint?: string;
  /** The phone's own line, in the words of its vendor. */
  readonly account?: string;
  /** Where the user part alone is dialled. */
  readonly domain?: string;
  /** In place of those of the dialect. */
  readonly requests: Templates;
  readonly events?: PhoneEventsConfig;
}

/** Where it reports its calls to us. */
export interface PhoneEventsConfig {
  readonly token: string;
  readonly port: number;
  /** Our address towards phones when missing. */
  readonly bind?: string;
}

const MODELS = DIALECTS.map(({ model }) => model);

type Common = Omit<CommonConfig, "anchor"> & { readonly anchor: boolean | undefined };

/** Throws ConfigError. */
export function readHttpPhone(phone: Section, common: Common, { directory = "." }: Beside): HttpPhoneConfig {
  const by = readWay(phone);
  const url = readUrl(phone);
  const uri = phone.sipUri("uri");
  if (by === "http" && url === undefined) {
    throw phone.mistake(
      "url",
      "is missing; it says where the phone's web server is, such as https://192.0.2.7",
    );
  }
  if (by === "notify" && uri === undefined) {
    throw phone.mistake("uri", "is missing; it says where the phone takes NOTIFY");
  }
  const optional = {
    url,
    uri,
    model: readModel(phone),
    ca: readAuthority(phone, directory),
    fingerprint: readFingerprint(phone),
    account: phone.text("account"),
    domain: phone.text("domain"),
    events: readEvents(phone.optional("events")),
  };
  return {
    kind: "http",
    ...common,
    anchor: common.anchor ?? true,
    by,
    clearPassword: phone.flag("clearPassword") ?? false,
    requests: readRequests(phone.optional("requests")),
    ...readLogin(phone, directory),
    ...compact(optional),
  };
}

function readWay(phone: Section): "http" | "notify" {
  const by = phone.text("by") ?? "http";
  if (by === "http" || by === "notify") return by;
  throw phone.mistake("by", 'must be "http" or "notify"');
}

function readUrl(phone: Section): string | undefined {
  const text = phone.text("url");
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const plain = url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`;
  if (plain) return url.origin;
  throw phone.mistake("url", "must be an address such as https://192.0.2.7, without path or password");
}

function readModel(phone: Section): string | undefined {
  const model = phone.text("model");
  if (model === undefined || MODELS.includes(model)) return model;
  throw phone.mistake("model", `must be one of ${MODELS.join(", ")}`);
}

function readLogin(phone: Section, directory: string) {
  const [username, password, file] = [
    phone.text("username"),
    phone.text("password"),
    phone.text("passwordFile"),
  ];
  if (password !== undefined && file !== undefined) {
    throw phone.mistake("passwordFile", "is there beside a password; one of them is enough");
  }
  return compact({
    username,
    password,
    passwordFile: file === undefined ? undefined : resolve(directory, file),
  });
}

function readAuthority(phone: Section, directory: string): string | undefined {
  try {
    return readPem({ ca: phone.text("ca") }, directory).ca;
  } catch (cause) {
    if (!(cause instanceof PemError)) throw cause;
    throw new ConfigError(cause.message, { cause });
  }
}

function readFingerprint(phone: Section): string | undefined {
  const text = phone.text("fingerprint");
  if (text === undefined || /^[0-9a-f]{2}(?::?[0-9a-f]{2}){31}$/i.test(text)) return text;
  throw phone.mistake("fingerprint", "must be a SHA-256 fingerprint, 64 hexadecimal digits");
}

function readEvents(events: Section | undefined): PhoneEventsConfig | undefined {
  if (!events) return undefined;
  const token = events.text("token");
  const port = events.whole("port", [1, 65_535], "a port");
  const bind = events.address("bind");
  if (token === undefined || !/^[A-Za-z0-9_-]{16,64}$/.test(token)) {
    throw events.mistake(
      "token",
      "must be 16 to 64 letters, digits, dashes or underscores that nobody guesses",
    );
  }
  if (port === undefined) throw events.mistake("port", "is missing; the phone reports to it");
  events.end();
  return { token, port, ...(bind !== undefined && { bind }) };
}

function readRequests(requests: Section | undefined): Templates {
  if (!requests) return {};
  const read = ACTIONS.flatMap((action): [Action, Template][] => {
    const text = requests.text(action);
    return text === undefined ? [] : [[action, readTemplate(text) ?? wrong(requests, action)]];
  });
  requests.end();
  return Object.fromEntries(read);
}

function wrong(requests: Section, action: Action): never {
  throw requests.mistake(action, 'must be a request such as "GET /servlet?key=OK" or "POST /path TYPE BODY"');
}

function readTemplate(text: string): Template | undefined {
  const [, method, path = "", type, body] = /^(GET|POST) (\/\S*)(?: (\S+\/\S+) (.+))?$/.exec(text) ?? [];
  if (method !== "GET" && method !== "POST") return undefined;
  return { method, path, ...(type !== undefined && body !== undefined && { type, body }) };
}
