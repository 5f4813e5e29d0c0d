// Asks aztoken guard who calls.

/** What to answer the caller: a status and headers. */
export class Refused extends Error {
  constructor(status, headers, cause) {
    super(`aztoken guard: ${status}`, { cause });
    Object.assign(this, { status, headers });
  }
}

/** Returns the caller, from the Authorization header of the request, which may be undefined. */
export async function caller(authorization) {
  const answer = await fetch("http://127.0.0.1:16931/validate", {
    headers: authorization ? { authorization } : {},
    redirect: "error",
    signal: AbortSignal.timeout(15_000),
  }).catch((down) => { throw new Refused(503, {}, down); });
  if (answer.status !== 200) {
    const kept = [...answer.headers].filter(([name]) => ["www-authenticate", "retry-after"].includes(name));
    await answer.body?.cancel();
    throw new Refused(answer.status, Object.fromEntries(kept));
  }
  return answer.json();
}
