/** What each vendor's phone understands, from the vendors' words and not from ours: a request, and what it has the phone do. */

import { createHash } from "node:crypto";
import type { PhoneUa } from "./phone-ua.ts";
import { type Login, PASSWORD, USERNAME, type WebReply, type WebRequest } from "./phone-web.ts";

export interface Vendor {
  readonly server: string;
  readonly login: Login;
  readonly tls?: boolean;
  /** Undefined: 404. */
  obey(request: WebRequest, phone: PhoneUa): WebReply | undefined;
}

const ok: WebReply = {};
const json = (value: unknown): WebReply => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

function press(phone: PhoneUa, key: string): WebReply | undefined {
  if (["OK", "ENTER", "ASW", "acceptcall", "Key:Soft1", "Key:Softkey1"].includes(key)) phone.answer();
  else if (["CALLEND", "CANCEL", "RELEASE", "endcall", "SoftKey:EndCall", "Key:Softkey2"].includes(key))
    void phone.hangUp();
  else if (/^[0-9]$|^STAR$|^POUND$/.test(key)) phone.digits += key.replace("STAR", "*").replace("POUND", "#");
  else return undefined;
  return ok;
}

/** `/servlet?key=…`, `?number=…`; the query alone. */
function yealinkQuery(query: URLSearchParams, phone: PhoneUa): WebReply | undefined {
  if (query.get("phonecfg") === "get") return { body: "model:T54W" };
  const key = query.get("key") ?? "";
  const number = query.get("number") ?? (key.startsWith("number=") ? key.slice("number=".length) : null);
  if (number === null) return press(phone, key);
  phone.dial(number);
  return ok;
}

const yealinkAt = (path: string): Vendor => ({
  server: "Yealink Embed HTTPD",
  login: "basic",
  obey: (request, phone) => {
    const [place, query] = request.path.split("?");
    return place === path ? yealinkQuery(new URLSearchParams(query), phone) : undefined;
  },
});

const yealinkLogin: Vendor = {
  server: "Yealink T58",
  login: "none",
  tls: true,
  obey: ({ path }, phone) => {
    const query = new URLSearchParams(path.split("?")[1]);
    if (query.get("username") !== USERNAME || query.get("pwd") !== PASSWORD) return { status: 401 };
    return query.get("jumpto") === "URI" ? yealinkQuery(query, phone) : undefined;
  },
};

const snom: Vendor = {
  server: "snom embedded",
  login: "MD5",
  obey: ({ path }, phone) => {
    const [place, text] = path.split("?");
    const query = new URLSearchParams(text);
    if (path === "/") return { body: "<title>snom D385</title>" };
    if (place !== "/command.htm") return undefined;
    const number = query.get("number");
    const digit = query.get("key_dtmf");
    if (digit !== null) phone.digits += digit;
    else if (number === null) return press(phone, query.get("key") ?? "");
    else phone.dial(number);
    return ok;
  },
};

const LINE_STATES = {
  idle: "idle",
  incoming: "ringing",
  outgoing: "dialing",
  ringing: "calling",
  established: "connected",
};

function grandstreamObey(path: string, phone: PhoneUa): WebReply | undefined {
  const [place, text] = path.split("?");
  const query = new URLSearchParams(text);
  const done = (body: unknown) => json({ response: "success", body });
  switch (place) {
    case "/cgi-bin/api-get_phone_status":
      return done("available");
    case "/cgi-bin/api-get_line_status":
      return done([{ line: 1, state: LINE_STATES[phone.state], remotenumber: phone.remote }]);
    case "/cgi-bin/api-make_call":
      if (phone.state !== "idle") return json({ response: "error", body: "busy <b>line</b>" });
      phone.dial(query.get("phonenumber") ?? "");
      return done(true);
    case "/cgi-bin/api-phone_operation":
      return press(phone, query.get("cmd") ?? "") ? done(true) : json({ response: "error", body: false });
    default:
      return undefined;
  }
}

const grandstream: Vendor = {
  server: "Grandstream GRP2614",
  login: "none",
  tls: true,
  obey: ({ path }, phone) => {
    if (new URLSearchParams(path.split("?")[1]).get("passcode") !== PASSWORD) return { status: 401 };
    return grandstreamObey(path, phone);
  },
};

const GXV_REALM = "b6c1a30e";

const grandstreamGxv: Vendor = {
  server: "Grandstream GXV3370",
  login: "none",
  obey: ({ path, cookie }, phone) => {
    const [place, text] = path.split("?");
    const query = new URLSearchParams(text);
    if (place === "/cgi-bin/loginrealm") return { body: GXV_REALM };
    if (place === "/cgi-bin/login") {
      const right = createHash("md5").update(`${USERNAME}:${GXV_REALM}:${PASSWORD}`).digest("hex");
      const known = query.get("Username") === USERNAME && query.get("Secret") === right;
      return json(
        known ? { response: "success", body: { sid: "s-1" } } : { response: "error", body: "login" },
      );
    }
    return cookie === "sid=s-1" ? grandstreamObey(path, phone) : { status: 401 };
  },
};

const POLY_STATES = {
  idle: "",
  incoming: "Offering",
  outgoing: "Proceeding",
  ringing: "RingBack",
  established: "Connected",
};

const poly: Vendor = {
  server: "Poly VVX HTTPd",
  login: "basic",
  tls: true,
  obey: ({ method, path, type, body }, phone) => {
    const done = (more = {}) => json({ Status: "2000", ...more });
    if (path === "/api/v1/mgmt/device/info") return done({ data: { ModelNumber: "VVX 350" } });
    if (path === "/api/v2/webCallControl/callStatus") {
      const call = { Ref: "0x10", CallState: POLY_STATES[phone.state], RemotePartyNumber: phone.remote };
      return done({ data: phone.state === "idle" ? [] : [call] });
    }
    const command = /^\/api\/v1\/callctrl\/(\w+)$/.exec(path)?.[1];
    if (method !== "POST" || command === undefined || type !== "application/json") return undefined;
    return polyCommand(command, JSON.parse(body).data, phone) ? done() : json({ Status: "4007" });
  },
};

/** False: no such call. */
function polyCommand(command: string, data: Record<string, string>, phone: PhoneUa): boolean {
  if (command === "dial") phone.dial(data["Dest"] ?? "");
  else if (command === "mute") phone.muted = data["state"] === "1";
  else if (command === "sendDTMF") phone.digits += data["Digits"];
  else return data["Ref"] === "0x10" && phone.state !== "idle" && polyCallCommand(command, phone);
  return true;
}

function polyCallCommand(command: string, phone: PhoneUa): boolean {
  if (command === "answerCall") phone.answer();
  else if (command === "endCall") void phone.hangUp();
  else phone.held = command === "holdCall";
  return true;
}

const polycomPush: Vendor = {
  server: "Polycom SoundPoint IP",
  login: "MD5",
  obey: ({ method, path, type, body }, phone) => {
    if (path === "/") return ok;
    if (method !== "POST" || path !== "/push" || type !== "application/x-com-polycom-spipx") return undefined;
    const said =
      /^<PolycomIPPhone><Data priority="Critical">(.+)<\/Data><\/PolycomIPPhone>$/.exec(body)?.[1] ?? "";
    if (!said.startsWith("tel:\\\\")) return press(phone, said);
    phone.dial(said.slice("tel:\\\\".length));
    return ok;
  },
};

const cisco: Vendor = {
  server: "Cisco IP Phone 8861",
  login: "basic",
  obey: ({ method, path, type, body }, phone) => {
    if (path === "/") return ok;
    if (method !== "POST" || path !== "/CGI/Execute" || type !== "application/x-www-form-urlencoded")
      return undefined;
    const xml = new URLSearchParams(body).get("XML") ?? "";
    const url =
      /^<CiscoIPPhoneExecute><ExecuteItem Priority="0" URL="([^"<>]+)"\/><\/CiscoIPPhoneExecute>$/.exec(
        xml,
      )?.[1];
    if (url === undefined) return { body: '<CiscoIPPhoneError Number="1" />' };
    if (url.startsWith("Dial:")) phone.dial(url.slice("Dial:".length));
    else if (!press(phone, url)) return { body: '<CiscoIPPhoneError Number="3" />' };
    return {
      body: '<CiscoIPPhoneResponse><ResponseItem URL="x" Data="Success" Status="0"/></CiscoIPPhoneResponse>',
    };
  },
};

const fanvil: Vendor = {
  server: "Fanvil Phone",
  login: "basic",
  obey: ({ path }, phone) => {
    if (path === "/") return ok;
    const [place, text] = path.split("?");
    if (place !== "/cgi-bin/ConfigManApp.com") return undefined;
    const keys = (new URLSearchParams(text).get("key") ?? "").split(";");
    if (keys.length === 1) return press(phone, keys[0] ?? "");
    if (keys.length !== 2 || keys[1] !== "ENTER") return undefined;
    phone.dial(keys[0] ?? "");
    return ok;
  },
};

const htek: Vendor = {
  server: "Htek UC926",
  login: "basic",
  obey: ({ path }, phone) => {
    if (path === "/") return ok;
    const number = /^\/Phone_ActionURL&Command=1&Number=([^&]+)&Account=1$/.exec(path)?.[1];
    if (number !== undefined) phone.dial(decodeURIComponent(number));
    else if (path === "/Phone_ActionURL&Command=2") void phone.hangUp();
    else return undefined;
    return ok;
  },
};

const akuvox: Vendor = {
  server: "Akuvox SP-R59",
  login: "basic",
  obey: ({ path }, phone) => {
    if (path === "/") return ok;
    const [place, text] = path.split("?");
    const query = new URLSearchParams(text);
    if (place !== "/fcgi/do") return undefined;
    if (query.get("action") === "MakeCall" && query.get("line") === "1")
      phone.dial(query.get("number") ?? "");
    else if (query.get("action") === "CallEnd") void phone.hangUp();
    else return json({ retcode: -1, message: "no handler" });
    return json({ retcode: 0 });
  },
};

export const VENDORS = {
  yealink: yealinkAt("/servlet"),
  "yealink-cgi": yealinkAt("/cgi-bin/ConfigManApp.com"),
  "yealink-cgi-server": yealinkAt("/cgi-bin/cgiServer.exx"),
  "yealink-login": yealinkLogin,
  snom,
  grandstream,
  "grandstream-gxv": grandstreamGxv,
  poly,
  "polycom-push": polycomPush,
  cisco,
  fanvil,
  htek,
  akuvox,
} as const satisfies Record<string, Vendor>;

export type VendorName = keyof typeof VENDORS;
