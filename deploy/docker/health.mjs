// HEALTHCHECK of the image: is this gateway alive? Whether it should get traffic is for the load balancer to ask
// (/internal/health/ready): a container that drains is not to be restarted.
const port = process.env.OLLA_SERVER_PORT || 40114;
try {
  const { status } = await fetch(`http://127.0.0.1:${port}/internal/health/live`, {
    signal: AbortSignal.timeout(2_000),
  });
  process.exitCode = status === 200 ? 0 : 1;
  if (status !== 200) process.stdout.write(`answered ${status}\n`);
} catch (error) {
  process.stdout.write(`${error.cause?.message ?? error.message}\n`);
  process.exitCode = 1;
}
