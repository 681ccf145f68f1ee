/** One client transaction of alice's, and films that answers by hand. */
import { inviteClientStates, requestClientStates } from "../../native-host/src/sip/client-states.ts";
import { Client, type ClientHome } from "../../native-host/src/sip/client-transaction.ts";
import type { Hop, SipRequest } from "../../native-host/src/sip/message.ts";
import { buildResponse, isMadeUp } from "../../native-host/src/sip/response.ts";
import { SipError } from "../../native-host/src/sip/sip-error.ts";
import { DEFAULT_TIMERS } from "../../native-host/src/sip/timers.ts";

export const UDP: Hop = { protocol: "UDP", address: "127.0.0.1", port: 5070 };
export const TCP: Hop = { ...UDP, protocol: "TCP" };

export function request(method: string): SipRequest {
  return {
    method,
    uri: "sip:films@127.0.0.1:5070",
    headers: {
      via: [
        { version: "2.0", protocol: "UDP", host: "127.0.0.1", port: 5060, params: { branch: "z9hG4bK1" } },
      ],
      from: { uri: "sip:alice@h", params: { tag: "a" } },
      to: { uri: "sip:films@h", params: {} },
      "call-id": "1@h",
      cseq: { seq: 7, method },
      route: [{ uri: "sip:proxy;lr", params: {} }],
    },
    content: "",
  };
}

/** Alice's transaction; what it sends and what she hears, in order. */
export function alice(method: string, hop = UDP) {
  const sent: SipRequest[] = [];
  const heard: string[] = [];
  let broken = false;
  let ended = false;
  const asked = request(method);
  const home: ClientHome = {
    states: (of, reliable) =>
      (of === "INVITE" ? inviteClientStates : requestClientStates)(DEFAULT_TIMERS, reliable),
    transmit: (message, _hop, onFailed) => {
      sent.push(message);
      if (broken) onFailed(new SipError(503, "Not Sent"));
    },
    textOf: (message) => JSON.stringify(message),
    again: (text) => void sent.push(JSON.parse(text)),
    cancel: (cancel) => void sent.push(cancel),
    answered: () => {},
    ended: () => {
      ended = true;
    },
  };
  const client = new Client(asked, home, {
    onResponse: (response) => heard.push(`${response.status}${isMadeUp(response) ? " made up" : ""}`),
  });
  return {
    client,
    sent,
    heard,
    start: () => client.start(asked, hop),
    breakNetwork: () => {
      broken = true;
    },
    films: (status: number, tag = "f") => {
      const to = { ...asked.headers.to, params: { tag } };
      client.receive(buildResponse(asked, status, { headers: { to } }));
    },
    methods: () => sent.map((message) => message.method).join(" "),
    ended: () => ended,
  };
}
