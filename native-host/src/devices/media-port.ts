/** Where RTP of one peer comes in and goes out: a UDP port, or the track of a peer connection. */

export interface MediaPort {
  /** Set by the owner; called with each RTP packet of the negotiated peer, never with RTCP. */
  onPacket: (packet: Uint8Array) => void;
  /** Sends one RTP packet; before there is a peer, and after close, it does nothing. */
  send(packet: Uint8Array): void;
  close(): void;
  /** Counters for `dump()`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A literal address and port from a session description. */
export interface MediaAddress {
  readonly address: string;
  readonly port: number;
}
