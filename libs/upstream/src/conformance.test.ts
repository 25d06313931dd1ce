import { upstreamConformance } from '../testing/conformance.ts';
import { UndiciUpstream } from '../testing/undici-upstream.ts';
import { Http1Upstream } from './http1/http1-upstream.ts';

upstreamConformance(
  "the project's client",
  (options) => new Http1Upstream({ tlsHandshakeTimeoutMs: 0, keepAliveMs: 0, maxAgeMs: 0, ...options }),
);

upstreamConformance('undici', (options) => new UndiciUpstream(options));
