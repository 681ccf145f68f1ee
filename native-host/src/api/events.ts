/** Views of the service as elements of the XML API: calls, devices, rosters, prompts. */
import type { Address, Traced } from "../sip/trace.ts";
import { bracketed } from "../sip/uri.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { errorElement, shortened } from "./answers.ts";
import type {
  AccountView,
  CallView,
  DeviceView,
  PromptView,
  RosterEndpoint,
  RosterUser,
  RosterView,
  ServiceEvent,
} from "./call-control.ts";
import type { TunnelData } from "./requests.ts";

/** A full roster lists this many people and says how many there are: an event must fit into one frame to a browser. */
const MAX_USERS = 500;

/** Puts a sequence number, a subscription and the time around what happened. */
export function eventElement(seq: number, sub: string | undefined, happened: XmlElement): XmlElement {
  return el("Event", { seq, sub, time: new Date().toISOString() }, [happened]);
}

export function happenedElement(event: ServiceEvent): XmlElement {
  switch (event.name) {
    case "Call":
      return callElement(event.call);
    case "Account":
      return accountElement(event.account);
    case "Device":
      return deviceElement(event.device);
    case "Roster":
      return rosterElement(event.roster);
    case "Talking":
      return el("Talking", { conf: event.conf, entity: event.entity, on: event.on });
    case "Presence": {
      const { conf, entity, display, here } = event.presence;
      return el("Presence", { conf, entity, display: shortened(display), here });
    }
    case "Prompt":
      return promptElement(event.prompt);
    case "PromptOver":
      return el("PromptOver", { prompt: event.prompt });
    case "Trace":
      return traceElement(event.message);
    case "Ended":
      return el("Ended", {}, event.error ? [errorElement(event.error)] : []);
  }
}

export function callElement(call: CallView): XmlElement {
  return el(
    "Call",
    {
      call: call.call,
      id: call.id,
      display: shortened(call.display),
      dir: call.dir,
      state: call.state,
      dev: call.dev,
      mode: call.mode,
      focus: call.focus,
      muted: call.muted,
      "muted-by": call.mutedBy,
      rejoining: call.rejoining,
      waiting: call.waiting,
      secure: call.secure,
      client: call.client,
      since: call.since?.toISOString(),
    },
    call.error ? [errorElement(call.error)] : [],
  );
}

export function deviceElement(device: DeviceView): XmlElement {
  return el("Device", {
    dev: device.dev,
    kind: device.kind,
    name: shortened(device.name),
    state: device.state,
    caps: device.caps.length > 0 ? device.caps.join(" ") : undefined,
    default: device.default ? true : undefined,
  });
}

export function accountElement({ id, state, sip, reason }: AccountView): XmlElement {
  return el("Account", { id, state, sip, reason: shortened(reason) });
}

function promptElement(prompt: PromptView): XmlElement {
  const { id, origin } = prompt;
  const expires = Math.max(1, Math.round(prompt.expiresS));
  return el("Prompt", { prompt: prompt.prompt, id, origin, expires }, prompt.devices.map(deviceElement));
}

function rosterElement(roster: RosterView): XmlElement {
  return el(
    "Roster",
    {
      conf: roster.conf,
      version: roster.version,
      state: roster.state,
      count: roster.count,
      locked: roster.locked ? true : undefined,
      title: shortened(roster.title),
    },
    roster.users.slice(0, MAX_USERS).map(userElement),
  );
}

function userElement(user: RosterUser): XmlElement {
  return el(
    "User",
    {
      entity: user.entity,
      display: shortened(user.display),
      state: user.state,
      role: user.role,
      me: user.me ? true : undefined,
    },
    user.endpoints.map(endpointElement),
  );
}

function endpointElement(endpoint: RosterEndpoint): XmlElement {
  return el("Endpoint", {
    entity: endpoint.entity,
    state: endpoint.state,
    status: endpoint.status,
    muted: endpoint.muted,
    talking: endpoint.talking,
    hand: endpoint.hand,
    joined: endpoint.joined?.toISOString(),
  });
}

/** Text as it is, anything else as base64. */
export function tunnelElement(plugin: string, channel: string, { type, body }: TunnelData): XmlElement {
  const text = asText(body);
  const data =
    text === undefined
      ? el("Data", { type, encoding: "base64" }, [Buffer.from(body).toString("base64")])
      : el("Data", { type }, [text]);
  return el("Tunnel", { plugin, channel }, [data]);
}

// What XML cannot hold (scan.ts); line ends of SIP travel as references.
const NO_TEXT = /(?![\t\n\r])[\p{Cc}\p{Cs}\uFFFE\uFFFF]/u;

/** Undefined for bytes that are not UTF-8, or that XML cannot hold. */
function asText(body: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    return NO_TEXT.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** A message may hold any byte, and XML normalizes line ends: it travels as base64. */
function traceElement({ at, direction, transport, local, peer, bytes }: Traced): XmlElement {
  const where = { local: written(local), peer: written(peer) };
  const data = Buffer.from(bytes).toString("base64");
  return el("Trace", { at: at.toISOString(), dir: direction, transport, ...where }, [
    el("Data", { type: "message/sip", encoding: "base64" }, [data]),
  ]);
}

function written({ address, port }: Address): string {
  return `${bracketed(address)}:${port}`;
}
