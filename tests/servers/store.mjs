/**
 * Where the authorization server keeps its sessions, grants and tokens: in memory, bounded.
 *
 * The library's own in-memory store is one least-recently-used list for everything, where enough
 * refreshes of one session push out the grant of a quiet one. Here every kind of record has its own
 * table, so that noise in one cannot end what lives in another.
 */

/** Records per table; past it the oldest goes. Some megabytes at the very worst. */
const LIMIT = 5000;

/** @typedef {{ json: string, expiresAt: number, uid?: string, grantId?: string }} Row */

/** One kind of record. Implements the adapter interface of oidc-provider. */
class Table {
  /** @type {Map<string, Row>} in order of insertion, which makes the first one the oldest */
  #rows = new Map();
  /** @type {Map<string, string>} uid of a session -> its present id */
  #byUid = new Map();
  /** @type {Map<string, Set<string>>} grant -> ids of what was issued under it */
  #byGrant = new Map();
  #limit;

  /** @param {number} limit */
  constructor(limit) {
    this.#limit = limit;
  }

  /**
   * @param {string} id
   * @param {Record<string, any>} payload
   * @param {number} [expiresIn] in seconds
   */
  async upsert(id, payload, expiresIn) {
    this.#remove(id);
    if (this.#rows.size >= this.#limit) this.#makeRoom();
    const { uid, grantId } = payload;
    // Kept as text, as a database would: nobody holds a reference into the store.
    this.#rows.set(id, {
      json: JSON.stringify(payload),
      expiresAt: expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000,
      uid,
      grantId,
    });
    if (uid) this.#byUid.set(uid, id);
    if (grantId) {
      const issued = this.#byGrant.get(grantId) ?? new Set();
      this.#byGrant.set(grantId, issued.add(id));
    }
  }

  /** @param {string} id */
  async find(id) {
    const row = this.#rows.get(id);
    if (!row) return undefined;
    if (row.expiresAt <= Date.now()) {
      this.#remove(id);
      return undefined;
    }
    return JSON.parse(row.json);
  }

  /** @param {string} uid */
  async findByUid(uid) {
    const id = this.#byUid.get(uid);
    return id === undefined ? undefined : this.find(id);
  }

  /** Only the device flow asks for this, which is off. */
  async findByUserCode() {
    return undefined;
  }

  /** @param {string} id */
  async consume(id) {
    const row = this.#rows.get(id);
    if (row) row.json = JSON.stringify({ ...JSON.parse(row.json), consumed: Math.floor(Date.now() / 1000) });
  }

  /** @param {string} id */
  async destroy(id) {
    this.#remove(id);
  }

  /** Everything is gone. */
  clear() {
    for (const index of [this.#rows, this.#byUid, this.#byGrant]) index.clear();
  }

  /** @param {string} grantId */
  async revokeByGrantId(grantId) {
    for (const id of [...(this.#byGrant.get(grantId) ?? [])]) this.#remove(id);
  }

  #makeRoom() {
    const now = Date.now();
    for (const [id, row] of this.#rows) if (row.expiresAt <= now) this.#remove(id);
    if (this.#rows.size < this.#limit) return;
    const [oldest] = this.#rows.keys();
    if (oldest !== undefined) this.#remove(oldest);
  }

  /** @param {string} id */
  #remove(id) {
    const row = this.#rows.get(id);
    if (!row) return;
    this.#rows.delete(id);
    // A session moves on to a new id under the same uid: only its present id owns the index entry.
    if (row.uid && this.#byUid.get(row.uid) === id) this.#byUid.delete(row.uid);
    if (row.grantId) {
      const issued = this.#byGrant.get(row.grantId);
      issued?.delete(id);
      if (issued?.size === 0) this.#byGrant.delete(row.grantId);
    }
  }
}

/**
 * @param {{ limit?: number }} [options]
 * @returns {((model: string) => Table) & { forget(model: string): void }} the adapter factory that oidc-provider calls once per
 * kind of record, and a way to lose all records of a kind
 */
export function createStore({ limit = LIMIT } = {}) {
  /** @type {Map<string, Table>} */
  const tables = new Map();
  const open = (/** @type {string} */ model) => {
    const table = new Table(limit);
    tables.set(model, table);
    return table;
  };
  return Object.assign(open, { forget: (/** @type {string} */ model) => tables.get(model)?.clear() });
}
