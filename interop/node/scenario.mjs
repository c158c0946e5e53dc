// kafkajs: node scenario.mjs BOOTSTRAP

import kafkajs from 'kafkajs'

const { Kafka, logLevel, CompressionTypes, ConfigResourceTypes } = kafkajs
const kafka = new Kafka({ clientId: 'interop', brokers: [process.argv[2]], logLevel: logLevel.NOTHING })
const admin = kafka.admin()
let failed = false

const say = (name, value) => console.log(`${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
const outcome = async (run) => {
  try {
    return (await run()) ?? 'OK'
  } catch (error) {
    return error.type ?? error.errors?.[0]?.type ?? error.name
  }
}
const step = async (name, run) => {
  console.error(`[${name}]`)
  try {
    await run()
  } catch (error) {
    failed = true
    console.error(error)
    say(name, `FAILED ${error.name}: ${error.message}`)
  }
}
const create = (topic, numPartitions = 1) => admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true })

const readAll = async (topic, groupId, count) => {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 10000 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const found = []
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`only ${found.length} of ${count} records`)), 40000)
    consumer.run({
      eachMessage: async ({ message }) => {
        found.push(message)
        if (found.length === count) {
          clearTimeout(timer)
          resolve()
        }
      },
    })
  })
  await consumer.disconnect()
  return found
}

await admin.connect()

await step('topics', async () => {
  say('create', await create('n-topic', 3))
  say('create again', await create('n-topic', 3))
  say('bad name', await outcome(() => create('bad name')))
  const described = await admin.fetchTopicMetadata({ topics: ['n-topic'] })
  say('partitions', described.topics[0].partitions.length)
  await admin.createPartitions({ topicPartitions: [{ topic: 'n-topic', count: 5 }] })
  const configs = await admin.describeConfigs({
    resources: [{ type: ConfigResourceTypes.TOPIC, name: 'n-topic', configNames: ['retention.ms', 'cleanup.policy'] }],
  })
  say('configs', configs.resources[0].configEntries.map((e) => `${e.configName}=${e.configValue} ${e.configSource}`).sort())
  await admin.deleteTopics({ topics: ['n-topic'] })
  say('delete absent', await outcome(() => admin.deleteTopics({ topics: ['n-absent'], timeout: 2000 })))
})

await step('produce and consume', async () => {
  for (const [name, compression] of [['none', CompressionTypes.None], ['gzip', CompressionTypes.GZIP]]) {
    const topic = `n-codec-${name}`
    await create(topic)
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const messages = [...Array(200).keys()].map((i) => ({
      key: i % 7 === 0 ? null : `key-${i}`,
      value: i % 11 === 0 ? null : `value-${i}`,
      headers: i % 5 === 0 ? { a: ['1', '2'], b: 'x' } : undefined,
    }))
    const sent = await producer.send({ topic, messages, compression, acks: -1 })
    await producer.disconnect()
    const got = await readAll(topic, `n-read-${name}`, 200)
    const same = got.every((m, i) => String(m.key) === String(messages[i].key) && String(m.value) === String(messages[i].value))
    say(`codec ${name}`, `base=${sent[0].baseOffset} count=${got.length} same=${same} headers=${got[0].headers.a?.length}`)
  }
})

await step('offsets', async () => {
  await create('n-offsets')
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'n-offsets', messages: [...Array(50).keys()].map((i) => ({ value: String(i) })) })
  await producer.disconnect()
  await readAll('n-offsets', 'n-group', 50)
  say('committed', (await admin.fetchOffsets({ groupId: 'n-group', topics: ['n-offsets'] }))[0].partitions.map((p) => p.offset))
  say('ends', (await admin.fetchTopicOffsets('n-offsets')).map((p) => `${p.low}..${p.high}`))
  await admin.setOffsets({ groupId: 'n-group', topic: 'n-offsets', partitions: [{ partition: 0, offset: '45' }] })
  const again = await readAll('n-offsets', 'n-group', 5)
  say('resumed', again.map((m) => m.value.toString()))
  const groups = (await admin.listGroups()).groups.map((g) => g.groupId).filter((g) => g.startsWith('n-')).sort()
  say('groups', groups)
  say('described', (await admin.describeGroups(['n-group'])).groups.map((g) => `${g.state} ${g.protocolType}`))
  say('delete group', (await admin.deleteGroups(['n-group'])).map((g) => g.errorCode))
})

const committed = async (topic, groupId, count) =>
  (await readAll(topic, groupId, count)).map((m) => `${m.offset}=${m.value}`)

await step('transactions', async () => {
  await create('n-txn')
  const open = async () => {
    const producer = kafka.producer({ transactionalId: 'n-txn', maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    return producer
  }
  const producer = await open()
  for (const [value, ends] of [['a', 'commit'], ['b', 'abort'], ['c', 'commit']]) {
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'n-txn', messages: [{ value }, { value: value + value }] })
    await transaction[ends]()
  }
  say('committed values', await committed('n-txn', 'n-txn-read', 4))
  const left = await producer.transaction()
  await left.send({ topic: 'n-txn', messages: [{ value: 'left' }] })
  const other = await open()
  const next = await other.transaction()
  say('fenced producer', await outcome(() => left.send({ topic: 'n-txn', messages: [{ value: 'late' }] })))
  await next.send({ topic: 'n-txn', messages: [{ value: 'next' }] })
  await next.commit()
  say('committed values after fencing', await committed('n-txn', 'n-txn-read-2', 5))
  await producer.disconnect()
  await other.disconnect()
})

await step('exactly once', async () => {
  await create('n-eos')
  const producer = kafka.producer({ transactionalId: 'n-eos', maxInFlightRequests: 1, idempotent: true })
  await producer.connect()
  for (const [offset, ends] of [['5', 'commit'], ['7', 'abort']]) {
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'n-eos', messages: [{ value: offset }] })
    const topics = [{ topic: 'n-eos', partitions: [{ partition: 0, offset }] }]
    await transaction.sendOffsets({ consumerGroupId: 'n-eos-group', topics })
    await transaction[ends]()
    await new Promise((resolve) => setTimeout(resolve, 500))
    const offsets = await admin.fetchOffsets({ groupId: 'n-eos-group', topics: ['n-eos'] })
    say(`offset after ${ends} of ${offset}`, offsets[0].partitions.map((p) => p.offset))
  }
  await producer.disconnect()
})

await admin.disconnect()
process.exit(failed ? 1 : 0)
