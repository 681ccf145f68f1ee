/** A SIP service with a desk phone beside a conference server and people: everything that is there when people are invited. */
import type { ServiceEvent } from "../../native-host/src/api/call-control.ts";
import type { InviteRequest } from "../../native-host/src/api/requests.ts";
import { DeviceRegistry } from "../../native-host/src/devices/registry.ts";
import { sipPhone } from "../../native-host/src/devices/sip-phone.ts";
import { Choices } from "../../native-host/src/service/choices.ts";
import { SipService } from "../../native-host/src/service/sip-service.ts";
import type { SipUri } from "../../native-host/src/sip/message.ts";
import { UserAgent } from "../../native-host/src/sip/user-agent.ts";
import { type CastOptions, ConferenceCast, type Person } from "./conference-cast.ts";
import { until } from "./until.ts";

const HOST = "127.0.0.1";
const CLIENT = "k1";

export class HostCast {
  readonly conference: ConferenceCast;
  readonly service: SipService;
  readonly desk: Person;
  /** Where alice's service is called. */
  get address(): SipUri {
    return this.#agent.address;
  }

  /** Alice's own address. */
  readonly uri: SipUri = `sip:alice@${HOST}`;
  readonly events: ServiceEvent[] = [];
  readonly accepted: string[] = [];
  /** Aborted: the command's time is over. */
  readonly late = new AbortController();
  /** Whether the server says that it takes a list of people in an INVITE. */
  takesLists = true;
  readonly #agent: UserAgent;

  private constructor(parts: {
    conference: ConferenceCast;
    service: SipService;
    desk: Person;
    agent: UserAgent;
  }) {
    this.conference = parts.conference;
    this.service = parts.service;
    this.desk = parts.desk;
    this.#agent = parts.agent;
    this.service.clientCame(CLIENT, ["control"]);
    this.service.subscribe("calls", { client: CLIENT }, (event) => this.events.push(event));
  }

  static async open(options: CastOptions = {}): Promise<HostCast> {
    const conference = await ConferenceCast.open(options);
    const desk = await conference.person("desk");
    const agent: UserAgent = await UserAgent.open({
      host: HOST,
      port: 0,
      name: "service",
      identity: { name: "Alice", uri: `sip:alice@${HOST}` },
      onTrace: conference.ladder.trace("service"),
      onInvite: (invite) => service.receive(invite),
      onRefer: (refer) => service.referred(refer),
    });
    conference.ladder.name(agent.port, "service");
    const common = { anchored: true, caller: agent, mediaHost: HOST };
    const phones = [
      sipPhone({ ...common, id: "desk", name: "Desk phone", uri: desk.address }),
      sipPhone({ ...common, id: "kitchen", name: "Kitchen phone", uri: `sip:kitchen@${HOST}:9` }),
    ];
    const service: SipService = new SipService({
      caller: agent,
      subscriber: agent,
      devices: new DeviceRegistry(phones),
      choices: new Choices(),
      identity: { uri: `sip:alice@${HOST}` },
      mediaHost: HOST,
      conferences: {
        server: conference.server.address,
        ask: async (target) => {
          const response = await agent.request("OPTIONS", target, { timeoutMs: 1000 });
          if (cast.takesLists) return response;
          return { ...response, headers: { ...response.headers, supported: "replaces" } };
        },
      },
    });
    const cast = new HostCast({ conference, service, desk, agent });
    return cast;
  }

  person(name: string): Promise<Person> {
    return this.conference.person(name);
  }

  /** Alice calls somebody, or a conference, with her desk phone. */
  join(target: SipUri) {
    return this.service.join({
      target,
      device: "desk",
      mode: "auto",
      client: CLIENT,
      signal: this.late.signal,
      onAccepted: () => undefined,
    });
  }

  invite(people: readonly (Person | SipUri)[], more: Partial<InviteRequest> = {}) {
    return this.service.invite({
      invitees: people.map((one) => ({ id: typeof one === "string" ? one : one.address })),
      client: CLIENT,
      signal: this.late.signal,
      onAccepted: (call) => this.accepted.push(call),
      ...more,
    });
  }

  which() {
    return { client: CLIENT };
  }

  /** The conference alice is in now; its name is the service's own. */
  get room(): string {
    const [name = ""] = [...this.conference.server.focus.conferences.keys()];
    return name;
  }

  /** Resolves when so many are in that conference. */
  holds(count: number): Promise<void> {
    return until(() => this.conference.count(this.room) === count, `${count} in ${this.room}`, 5_000);
  }

  async close(): Promise<void> {
    await this.service.close();
    await this.#agent.close();
    await this.conference.close();
  }
}
