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
  /** Those who wait to be let in; they are not among the participants. */
  readonly waiting: number;
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
  const { id, roster, seats, waiting, policy } = conference;
  const endpoints = [...roster.users.values()].flatMap((user) => [...user.endpoints.values()]);
  return {
    id,
    uri: roster.entity,
    title: roster.title,
    held: true,
    participants: seats.size,
    waiting: waiting.size,
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
    ...{ participants: 0, waiting: 0, calling: 0, talking: 0, policy: policyView(policy) },
  };
}

/** Somebody who is in a conference or waits to be; undefined when he does neither. */
export function participantView(
  id: string,
  conference: Conference,
  participant: Participant,
): ParticipantView | undefined {
  const place = conference.seats.get(participant) ?? conference.waiting.get(participant);
  if (!place) return undefined;
  const { media, talking, silenced, hand, standing, moderator, joined } = participant;
  return {
    id,
    conference: conference.id,
    name: place.displayText,
    uri: place.user,
    status: conference.waiting.has(participant) ? "pending" : statusOf(participant),
    method: standing.method,
    moderator,
    muted: silenced,
    media,
    talking,
    hand,
    joined: joined.toISOString(),
  };
}

function statusOf({ onHold, silenced }: Participant): Present["status"] {
  if (onHold) return "on-hold";
  return silenced ? "muted-via-focus" : "connected";
}
