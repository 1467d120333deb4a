// node-postgres through the wrapper: connect, query, cancel, error, reconnect.
//
// usage: node pg.mjs PORT CRT PASSWORD_FILE [direct]

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'

const [port, crt, passwordFile, direct] = process.argv.slice(2)
const config = {
	host: 'localhost', port: Number(port), user: 'postgres', database: 'postgres',
	password: readFileSync(passwordFile, 'utf8').trim(),
	ssl: { ca: readFileSync(crt), rejectUnauthorized: true },
	sslnegotiation: direct ?? 'postgres',
}

async function connect(more) {
	const client = new pg.Client({ ...config, ...more })
	client.on('error', () => {}) // a lost connection is looked at where a query fails
	await client.connect()
	return client
}

const one = async (client, text, values) => (await client.query({ text, values, rowMode: 'array' })).rows[0][0]

await assert.rejects(connect({ ssl: { rejectUnauthorized: true } }), /self-signed certificate/)
await assert.rejects(connect({ ssl: false, sslnegotiation: 'postgres' }), { code: '28000', message: 'TLS is required on this port' })

let client = await connect()
assert.equal(await one(client, 'select 6 * $1::int', [7]), 42)
assert.equal(await one(client, 'select $1::text', ['ü'.repeat(100000)]), 'ü'.repeat(100000))

const sleep = new pg.Query('select pg_sleep(20)')
const ended = new Promise((resolve) => client.query(sleep, resolve))
await setTimeout(500)
new pg.Client({ ...config, sslnegotiation: 'postgres' }).cancel(client, sleep)
assert.equal((await ended).code, '57014')

await assert.rejects(client.query('select 1 / 0'), { code: '22012' })
assert.equal(await one(client, "select 'after the error'"), 'after the error')

const other = await connect()
await one(other, 'select pg_terminate_backend($1)', [client.processID])
await setTimeout(200)
await assert.rejects(client.query('select 1'))
client = await connect()
assert.equal(await one(client, "select 'again'"), 'again')
await client.end()
await other.end()
