// postgres.js through the wrapper: connect, query, cancel, error, reconnect.
//
// usage: node postgres.mjs PORT CRT PASSWORD_FILE [direct]

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import postgres from 'postgres'

const [port, crt, passwordFile, direct] = process.argv.slice(2)
const config = {
	host: 'localhost', port: Number(port), user: 'postgres', database: 'postgres', max: 1,
	password: readFileSync(passwordFile, 'utf8').trim(),
	ssl: { ca: readFileSync(crt), rejectUnauthorized: true },
	sslnegotiation: direct,
}

const stranger = postgres({ ...config, ssl: { rejectUnauthorized: true } })
await assert.rejects(stranger`select 1`, /self-signed certificate/)
const plain = postgres({ ...config, ssl: false, sslnegotiation: undefined })
await assert.rejects(plain`select 1`, { code: '28000', message: 'TLS is required on this port' })

const sql = postgres(config)
assert.equal((await sql`select 6 * ${7}::int as n`)[0].n, 42)
assert.equal((await sql`select ${'ü'.repeat(100000)}::text as t`)[0].t, 'ü'.repeat(100000))

const sleep = sql`select pg_sleep(20)`
const ended = assert.rejects(sleep, { code: '57014' })
await setTimeout(500)
sleep.cancel()
await ended

await assert.rejects(sql`select 1 / 0`, { code: '22012' })
assert.equal((await sql`select 'after the error' as t`)[0].t, 'after the error')

// It opens a new connection by itself where the old one is gone.
const other = postgres(config)
const [{ pid }] = await sql`select pg_backend_pid() as pid`
await other`select pg_terminate_backend(${pid})`
await setTimeout(500)
const [again] = await sql`select 'again' as t, pg_backend_pid() as pid`.catch(() => sql`select 'again' as t, pg_backend_pid() as pid`)
assert.equal(again.t, 'again')
assert.notEqual(again.pid, pid)
await Promise.all([stranger, plain, sql, other].map((each) => each.end({ timeout: 5 })))
