/** Codes of OpenSSL for a chain without an accepted CA. */
const UNKNOWN_CA = new Set([
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** The reason why an endpoint's certificate is refused, with the setting that helps; null for any other error. */
export function certificateFault(code: string): string | null {
  if (UNKNOWN_CA.has(code))
    return `its certificate is signed by no known CA (${code}). Set ca_file of the endpoint to the certificate of its CA`;
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `its certificate has expired (${code}). Renew it at the server`;
    case 'CERT_NOT_YET_VALID':
      return `its certificate is not valid yet (${code}). Check the clocks`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is for another name (${code}). Use that name in url, or set it as Host in headers`;
    default:
      return null;
  }
}
