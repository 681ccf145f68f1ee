/** What TLS needs on both sides: our certificate, and whom we believe (RFC 3261 §26.3.1, RFC 5922). */
import {
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type SecureContextOptions,
  type TlsOptions as ServerOptions,
} from "node:tls";

export interface TrustOptions {
  /** PEM text. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** PEM text of authorities trusted beside the system's. */
  readonly ca?: string | undefined;
}

const MIN_VERSION = "TLSv1.2";

export class Trust {
  readonly #options: TrustOptions;
  #client: SecureContext | undefined;

  constructor(options: TrustOptions) {
    this.#options = options;
  }

  /** For connections of ours; we show our certificate to who asks for it. Throws when what we were given is no PEM. */
  get client(): SecureContext {
    this.#client ??= createSecureContext({ ...this.#own(), ca: this.#authorities() });
    return this.#client;
  }

  /**
   * For connections to us. With authorities of its own a SIP listener asks its peers for a certificate, too: one that
   * shows a good one may be called back over the same connection (RFC 5923).
   */
  server(asksForCertificate: boolean): ServerOptions {
    const { ca } = this.#options;
    const asking = asksForCertificate && ca !== undefined ? { requestCert: true, ca } : {};
    return { ...this.#own(), ...asking, rejectUnauthorized: false };
  }

  #own(): SecureContextOptions {
    const { certificate, key } = this.#options;
    const pair = certificate !== undefined && key !== undefined ? { cert: certificate, key } : {};
    return { ...pair, minVersion: MIN_VERSION };
  }

  #authorities(): string[] {
    const { ca } = this.#options;
    const all = [...getCACertificates("default"), ...getCACertificates("system"), ...(ca ? [ca] : [])];
    return [...new Set(all)];
  }
}
