/** Whom a certificate speaks for (RFC 5922 §7), and what is wrong with one that was refused. */
import { isIP } from "node:net";
import type { PeerCertificate } from "node:tls";
import { SipError } from "../sip-error.ts";

/** The names in a certificate, as node:tls tells them. */
export type CertificateNames = Pick<PeerCertificate, "subject" | "subjectaltname">;

/** Alternative names are separated by commas; one with odd characters in it is quoted, and no domain of ours. */
const ALTERNATIVE = /(?:[^",]|"(?:[^"\\]|\\.)*")+/g;

/**
 * Whether it speaks for a SIP domain or literal address. Its `sip:` URIs count; without one its DNS names; without any
 * alternative name its common name. Wildcards stand for nothing (§7.2).
 */
export function speaksFor(certificate: CertificateNames, domain: string): boolean {
  const { subject, subjectaltname } = certificate;
  const wanted = domain.toLowerCase();
  if (subjectaltname === undefined) {
    const common: unknown = subject?.CN;
    return isIP(wanted) === 0 && typeof common === "string" && common.toLowerCase() === wanted;
  }
  const names = Array.from(subjectaltname.matchAll(ALTERNATIVE), ([name]) => name.trim());
  if (isIP(wanted) !== 0) return names.some((name) => addressIn(name) === canonical(wanted));
  const uris = names.flatMap((name) => sipDomainIn(name) ?? []);
  if (uris.length > 0) return uris.includes(wanted);
  return names.some((name) => name.toLowerCase() === `dns:${wanted}`);
}

function sipDomainIn(name: string): string | undefined {
  // One with a user is that user's, not the domain's (§7.1).
  return /^URI:sip:([^@;?]+)$/i.exec(name)?.[1]?.toLowerCase();
}

function addressIn(name: string): string | undefined {
  const address = /^IP Address:(.+)$/i.exec(name)?.[1];
  return address === undefined || isIP(address) === 0 ? undefined : canonical(address);
}

/** IPv6 in its one short form. */
function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

const UNTRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Why there is no connection to `peer`, as a reason for its 503. */
export function connectionFailure(cause: Error, peer: string): SipError {
  if (cause instanceof SipError) return cause;
  const code = "code" in cause ? String(cause.code) : "";
  return new SipError(503, sentence(code, peer), { cause });
}

function sentence(code: string, peer: string): string {
  if (code === "CERT_HAS_EXPIRED") return `The certificate of ${peer} has expired`;
  if (code === "CERT_NOT_YET_VALID") return `The certificate of ${peer} is not valid yet`;
  if (UNTRUSTED.has(code)) return `The certificate of ${peer} is signed by nobody we trust`;
  if (code.startsWith("CERT_")) return `The certificate of ${peer} is not good`;
  if (code.startsWith("ERR_SSL") || code === "EPROTO") return `${peer} does not speak our TLS`;
  if (code === "ECONNREFUSED") return "Connection Refused";
  return "Connection Closed";
}

/** The peer has a good certificate of somebody else. */
export function wrongName(domain: string): SipError {
  return new SipError(503, `The certificate shown is not for ${domain}`);
}
