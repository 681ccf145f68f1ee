/** A conference with a lobby: alice and bob call it, and dora, who knows the moderators' password. */
import assert from "node:assert/strict";
import type { Leg } from "#sip/leg.ts";
import { userLine } from "#sip/user-line.ts";
import type { Conference } from "../../servers/conference/conference.ts";
import { Moderators } from "../../servers/conference/moderators.ts";
import { parseUsers } from "../../servers/users.ts";
import { ConferenceCast, type Person } from "./conference-cast.ts";
import { until } from "./until.ts";

const REALM = "films.example";

export class LobbyCast {
  readonly cast: ConferenceCast;
  readonly alice: Person;
  readonly bob: Person;
  readonly dora: Person;

  private constructor(cast: ConferenceCast, people: { alice: Person; bob: Person; dora: Person }) {
    this.cast = cast;
    this.alice = people.alice;
    this.bob = people.bob;
    this.dora = people.dora;
  }

  static async open(): Promise<LobbyCast> {
    const users = parseUsers(userLine("dora", REALM, "secret") ?? "");
    const cast = await ConferenceCast.open({
      moderators: new Moderators(["sip:dora@example.com"], users),
    });
    const servers = [cast.server.address];
    cast.server.focus.policies.change("films", { lobby: true });
    return new LobbyCast(cast, {
      alice: await cast.person("alice"),
      bob: await cast.person("bob"),
      dora: await cast.person("dora", [{ realm: REALM, username: "dora", password: "secret", servers }]),
    });
  }

  get films(): Conference {
    const conference = this.cast.server.focus.conferences.get("films");
    assert.ok(conference);
    return conference;
  }

  /** Calls, and waits alone in a room of the mixer. */
  async knocks(who: Person, hungUp?: (reason: string) => void): Promise<Leg> {
    const leg = await who.joins("films", { handlers: { ...(hungUp && { onEnded: hungUp }) } });
    const { room } = this.cast.participant(leg);
    const told = () => this.cast.mixer.played(room)[0]?.[0] === "waiting";
    await until(told, `${who.name} told to wait`);
    assert.equal(this.cast.mixer.legs(room).length, 1);
    assert.match(room, /^films\.waiting-[0-9a-f]{16}$/);
    return leg;
  }

  /** Those who wait are these. */
  waiting(...names: readonly string[]): Promise<void> {
    const there = () => {
      const places = this.cast.server.focus.conferences.get("films")?.waiting.values() ?? [];
      return [...places].map(({ displayText }) => displayText).join(" ");
    };
    return until(() => there() === names.join(" "), `${names.join(" ")} waiting`);
  }

  /** So many are in it. */
  inside(count: number): Promise<void> {
    return until(() => this.cast.count("films") === count, `${count} in the conference`);
  }

  /** Lets in all who wait. */
  admitsAll(): Promise<void> {
    return this.cast.server.focus.lobby.admit(this.films, [...this.films.waiting.keys()]);
  }

  close(): Promise<void> {
    return this.cast.close();
  }
}
