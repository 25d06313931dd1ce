import { X509Certificate } from 'node:crypto';
import { text } from '../leaf.ts';

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Certificates in PEM. They are parsed here, because a TLS client ignores what it cannot parse. */
export const certificates = () =>
  text().superRefine((value, context) => {
    const blocks = value.match(PEM) ?? [];
    if (blocks.length > 0 && blocks.every(isCertificate)) return;
    const message = 'must be certificates in PEM, which begin with -----BEGIN CERTIFICATE-----';
    context.addIssue({ code: 'custom', message });
  });

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
