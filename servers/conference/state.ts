/**
 * What survives the death of the server (promise F4): the policies of its conferences, locks among them, who was in each, and
 * as what, and whom moderators have muted. In a file of SQLite, whose pages the kernel keeps when the process is killed.
 */

import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Logger } from "pino";
import type { Conference } from "./conference.ts";
import type { Focus } from "./focus.ts";
import type { Happening } from "./happenings.ts";
import { originOf, proofOf } from "./identity.ts";
import type { KeptMute } from "./kept-mutes.ts";
import type { Participant } from "./participant.ts";
import { isDefault, type Policy, readPolicy } from "./policy.ts";
import { RETURN_MS, Returning, type Seated } from "./returning.ts";

const TABLES = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = OFF;
  CREATE TABLE IF NOT EXISTS policies (conference TEXT PRIMARY KEY, policy TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS people (
    conference TEXT NOT NULL, aor TEXT NOT NULL, address TEXT NOT NULL, moderator INTEGER NOT NULL,
    PRIMARY KEY (conference, aor, address)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS mutes (
    conference TEXT NOT NULL, aor TEXT NOT NULL, proof TEXT NOT NULL, PRIMARY KEY (conference, aor, proof)
  ) STRICT;`;

interface Statements {
  readonly setPolicy: StatementSync;
  readonly dropPolicy: StatementSync;
  readonly seat: StatementSync;
  readonly unseat: StatementSync;
  readonly end: StatementSync;
  readonly mute: StatementSync;
  readonly unmute: StatementSync;
}

export interface StateFileOptions {
  readonly log: Pick<Logger, "info" | "error">;
  /** How long those who were in may come back as what they were. */
  readonly returnMs?: number;
}

export class StateFile {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #log: StateFileOptions["log"];
  readonly #returnMs: number;
  readonly returning: Returning;
  #clock: NodeJS.Timeout | undefined;
  #stop: (() => void) | undefined;
  #failed = false;

  /** Made when it is not there, for nobody else to read: it has PINs. Throws an Error of one sentence. */
  constructor(path: string, { log, returnMs = RETURN_MS }: StateFileOptions) {
    this.#log = log;
    this.#returnMs = returnMs;
    try {
      closeSync(openSync(path, "a", 0o600));
      chmodSync(path, 0o600);
      this.#db = new DatabaseSync(path);
      this.#db.exec(TABLES);
      this.#statements = prepared(this.#db);
      this.returning = new Returning(this.#people());
    } catch (cause) {
      throw new Error(
        `${path} cannot be the state file: ${sentence(cause)}; name another one, or remove it.`,
      );
    }
  }

  /** Gives the focus what was, and keeps what becomes of it. */
  follow(focus: Focus): void {
    for (const [id, change] of this.#policies()) focus.policies.change(id, change);
    focus.policies.onChanged = (id, policy) => this.#keep(() => this.#setPolicy(id, policy));
    const { keptMutes } = focus.members;
    for (const mute of this.#mutes()) keptMutes.keep(mute);
    keptMutes.onChanged = (mute, kept) => this.#keep(() => this.#setMute(mute, kept));
    this.#stop = focus.members.happenings.follow((happening) => this.#note(happening));
    this.#clock = setTimeout(() => this.#giveUp(focus), this.#returnMs).unref();
  }

  close(): void {
    clearTimeout(this.#clock);
    this.#stop?.();
    if (this.#db.isOpen) this.#db.close();
  }

  #note(happening: Happening): void {
    if (happening.name === "conference-changed") return;
    const { name, conference } = happening;
    if (name === "conference-ended") this.#keep(() => this.#statements.end.run(conference.id));
    if (name === "participant-joined") this.#keep(() => this.#seat(conference, happening.participant));
    if (name === "participant-left") this.#left(conference, happening.participant);
    if (name !== "participant-moved") return;
    this.#keep(() => this.#seat(conference, happening.participant));
    this.#left(happening.from, happening.participant);
  }

  #seat({ id }: Conference, { identity, moderator }: Participant): void {
    const { anonymous, aor } = identity;
    if (!anonymous) this.#statements.seat.run(id, aor, proofOf(identity), moderator ? 1 : 0);
  }

  /** It is told before the roster has changed; another call of the same person keeps them in. */
  #left(conference: Conference, { identity }: Participant): void {
    queueMicrotask(() => {
      if (conference.findMember(identity)) return;
      this.returning.forget(conference.id, identity);
      this.#keep(() => this.#statements.unseat.run(conference.id, identity.aor, proofOf(identity)));
    });
  }

  /**
   * Who is not back by now does not come back as what he was; nobody is there to unlock a conference that nobody is in, or to
   * lift a mute there.
   */
  #giveUp({ conferences, policies, members: { keptMutes } }: Focus): void {
    for (const id of keptMutes.conferences) if (!conferences.has(id)) keptMutes.forget(id);
    for (const { conference: id, aor, proof } of this.returning.all) {
      const conference = conferences.get(id);
      const isBack = conference?.findMember({ aor, ...originOf(proof), anonymous: false, name: undefined });
      if (!isBack) this.#keep(() => this.#statements.unseat.run(id, aor, proof));
      if (!conference && policies.of(id).locked) policies.change(id, { locked: false });
    }
    this.returning.close();
  }

  #setPolicy(id: string, policy: Policy): void {
    if (isDefault(policy)) this.#statements.dropPolicy.run(id);
    else this.#statements.setPolicy.run(id, JSON.stringify(policy));
  }

  #setMute({ conference, aor, proof }: KeptMute, kept: boolean): void {
    const { mute, unmute } = this.#statements;
    (kept ? mute : unmute).run(conference, aor, proof);
  }

  /** Calls go on when the disk is full (promise F8); it is said once. */
  #keep(write: () => void): void {
    if (!this.#db.isOpen) return;
    try {
      write();
      if (this.#failed) this.#log.info("the state is kept again");
      this.#failed = false;
    } catch (err) {
      if (!this.#failed) this.#log.error({ err }, "the state cannot be kept; is the disk full?");
      this.#failed = true;
    }
  }

  #policies(): [string, ReturnType<typeof readPolicy>][] {
    const rows = this.#db.prepare("SELECT conference, policy FROM policies").all();
    return rows.flatMap(({ conference, policy }): [string, ReturnType<typeof readPolicy>][] => {
      try {
        return [[String(conference), readPolicy(JSON.parse(String(policy)))]];
      } catch (err) {
        this.#log.error({ err, conference }, "a policy of the state file cannot be read, and is left out");
        return [];
      }
    });
  }

  #people(): Seated[] {
    const rows = this.#db.prepare("SELECT conference, aor, address, moderator FROM people").all();
    return rows.map(({ conference, aor, address, moderator }) => ({
      conference: String(conference),
      aor: String(aor),
      proof: String(address),
      moderator: moderator === 1,
    }));
  }

  #mutes(): KeptMute[] {
    const rows = this.#db.prepare("SELECT conference, aor, proof FROM mutes").all();
    return rows.map(({ conference, aor, proof }) => ({
      conference: String(conference),
      aor: String(aor),
      proof: String(proof),
    }));
  }
}

function prepared(db: DatabaseSync): Statements {
  return {
    setPolicy: db.prepare("INSERT OR REPLACE INTO policies VALUES (?, ?)"),
    dropPolicy: db.prepare("DELETE FROM policies WHERE conference = ?"),
    seat: db.prepare("INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?)"),
    unseat: db.prepare("DELETE FROM people WHERE conference = ? AND aor = ? AND address = ?"),
    end: db.prepare("DELETE FROM people WHERE conference = ?"),
    mute: db.prepare("INSERT OR REPLACE INTO mutes VALUES (?, ?, ?)"),
    unmute: db.prepare("DELETE FROM mutes WHERE conference = ? AND aor = ? AND proof = ?"),
  };
}

function sentence(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
