/** What a caller is told by voice: prompts of the mixer's own, played to him alone (RFC 5022 §6.3.1, docs/mixer-control.md). */

export type Prompt =
  | "muted"
  | "unmuted"
  | "hand-raised"
  | "hand-lowered"
  | "denied"
  | "enter-pin"
  | "wrong-pin"
  | "waiting"
  | "admitted"
  | "locked";
