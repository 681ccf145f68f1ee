/** Conferences and participants as those who operate the server see them: plain values that JSON can carry. */

import type { Conference } from "./conference.ts";
import type { Participant } from "./participant.ts";
import type { Policy } from "./policy.ts";
import { titleOf } from "./rights.ts";
import type { Present } from "./roster.ts";

/** The policy without what opens the door: nobody reads a PIN or a token from here. */
export interface PolicyView extends Omit<Policy, "pin" | "tokens"> {
  readonly pinRequired: boolean;
  readonly tokens: number;
}

export interface ConferenceView {
  readonly id: string;
  readonly uri: string;
  readonly title: string;
  /** Whether somebody is in it, or is being called; one that is set up only is not held yet. */
  readonly held: boolean;
  readonly participants: number;
  /** Phones that ring for it. */
  readonly calling: number;
  readonly talking: number;
  readonly policy: PolicyView;
}

export interface ParticipantView {
  /** Means nothing, stays the same from move to move. */
  readonly id: string;
  readonly conference: string;
  readonly name: string;
  readonly uri: string;
  readonly status: Present["status"] | "pending";
  readonly method: Present["method"];
  readonly moderator: boolean;
  /** The conference does not listen to them, whatever their phone sends. */
  readonly muted: boolean;
  readonly media: Present["media"];
  readonly talking: boolean;
  readonly hand: boolean;
  /** RFC 3339, UTC. */
  readonly joined: string;
}

export function policyView({ pin, tokens, ...policy }: Policy): PolicyView {
  return { ...policy, pinRequired: pin !== undefined, tokens: tokens.length };
}

/** A conference that is held. */
export function conferenceView(conference: Conference): ConferenceView {
  const { id, roster, seats, policy } = conference;
  const endpoints = [...roster.users.values()].flatMap((user) => [...user.endpoints.values()]);
  return {
    id,
    uri: roster.entity,
    title: roster.title,
    held: true,
    participants: seats.size,
    calling: endpoints.filter(({ status }) => status === "dialing-out" || status === "alerting").length,
    talking: [...seats.keys()].filter(({ talking }) => talking).length,
    policy: policyView(policy),
  };
}

/** A conference that is set up and that nobody is in. */
export function plannedView(id: string, uri: string, policy: Policy): ConferenceView {
  const title = policy.title ?? titleOf(id);
  return {
    ...{ id, uri, title, held: false },
    ...{ participants: 0, calling: 0, talking: 0, policy: policyView(policy) },
  };
}

/** Somebody who is in a conference; undefined when he is not. */
export function participantView(
  id: string,
  conference: Conference,
  participant: Participant,
): ParticipantView | undefined {
  const seat = conference.seats.get(participant);
  if (!seat) return undefined;
  const endpoint = [...(conference.roster.users.get(seat.user)?.endpoints.values() ?? [])].find(
    ({ entity }) => entity === seat.endpoint,
  );
  const { media, talking, silenced, standing, moderator, joined } = participant;
  return {
    id,
    conference: conference.id,
    name: seat.displayText,
    uri: seat.user,
    status: shownStatus(endpoint?.status),
    method: standing.method,
    moderator,
    muted: silenced,
    media,
    talking,
    hand: endpoint !== undefined && "hand" in endpoint && endpoint.hand,
    joined: joined.toISOString(),
  };
}

function shownStatus(status: string | undefined): ParticipantView["status"] {
  if (status === "muted-via-focus" || status === "on-hold" || status === "pending") return status;
  return "connected";
}
