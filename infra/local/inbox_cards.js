// What each kind of message looks like in its app: a list of nodes per kind.
'use strict'

const DINGTALK = { rich: true, colours: false, joins: true }
const VERSION_1 = { rich: false, colours: true, joins: false }
const VERSION_2 = { rich: true, colours: false, joins: false }

const list = (value) => (Array.isArray(value) ? value : [])
const part = (value) => (value && typeof value === 'object' ? value : {})
const plain = (text) => String(text || '').split('\n').map((line) => el('div', { class: 'line' }, line))
const title = (text) => (text ? [el('h2', {}, String(text))] : [])
const some = (test, ...nodes) => (test ? nodes : [])

function buttons(entries, upright) {
  if (!entries.length) return []
  const shown = entries.map(([text, url]) => el('span', { class: 'button' }, link(text, url)))
  return [el('div', { class: upright ? 'buttons upright' : 'buttons' }, ...shown)]
}

// The first has a large picture with its title below, the others a small one at the side.
function feed(entries) {
  return entries.map(([text, url, pic, description], n) => {
    const large = n === 0 && pic
    return el('div', { class: large ? 'entry large' : 'entry' },
      ...some(large, picture(pic, '', 'wide')),
      el('div', { class: 'words' }, el('strong', {}, link(text, url)), ...some(description, el('p', { class: 'dim' }, String(description || '')))),
      ...some(pic && !large, picture(pic, '', 'thumb')))
  })
}

function called(message) {
  const names = [...list(message.mentioned_list), ...list(message.mentioned_mobile_list)]
  return names.length ? [el('div', { class: 'line called' }, names.map((name) => '@' + String(name).replace(/^@/, '')).join(' '))] : []
}

function textcard(m) {
  const lines = String(m.description || '').split(/<br\s*\/?>|(?=<div\b)|<\/div>/i).map((line) => {
    const found = line.match(/^<div\b[^>]*class="?(gray|normal|highlight)"?[^>]*>(.*)$/is)
    return el('div', { class: found ? `line ${found[1]}` : 'line' }, found ? found[2] : line.replace(/<\/?div[^>]*>/gi, ''))
  })
  return [...title(m.title), ...lines, ...buttons([[m.btntxt || words.details, m.url]], true)]
}

function template(m) {
  const main = part(m.main_title), big = part(m.emphasis_content), quote = part(m.quote_area)
  const source = part(m.source), text = part(m.image_text_area)
  const rows = list(m.horizontal_content_list).map((h) => el('div', { class: 'row' },
    el('span', { class: 'dim' }, String(h.keyname || '')), el('span', {}, h.type === 1 ? link(h.value, h.url) : String(h.value || ''))))
  return [
    ...some(source.desc, el('div', { class: 'dim' }, String(source.desc || ''))),
    ...title(main.title), ...some(main.desc, el('p', { class: 'dim' }, String(main.desc || ''))),
    ...some(big.title || big.desc, el('div', { class: 'big' }, String(big.title || ''), el('small', {}, String(big.desc || '')))),
    ...some(m.card_image, picture(part(m.card_image).url, '', 'wide')),
    ...some(text.image_url, el('div', { class: 'entry' }, el('div', { class: 'words' }, el('strong', {}, String(text.title || '')), el('p', { class: 'dim' }, String(text.desc || ''))), picture(text.image_url, '', 'thumb'))),
    ...some(quote.title || quote.quote_text, el('blockquote', {}, el('strong', {}, String(quote.title || '')), ...plain(quote.quote_text))),
    ...some(m.sub_title_text, ...plain(m.sub_title_text)),
    ...list(m.vertical_content_list).flatMap((v) => [el('h4', {}, String(v.title || '')), ...some(v.desc, ...plain(v.desc))]),
    ...rows,
    ...list(m.jump_list).map((j) => el('div', { class: 'jump' }, link(j.title, j.url), el('span', { class: 'dim' }, '›'))),
    ...buttons(list(m.button_list).map((b) => [b.text, b.url]), false),
    ...some(part(m.card_action).url && !list(m.jump_list).length, el('div', { class: 'jump' }, link(words.details, part(m.card_action).url), el('span', { class: 'dim' }, '›'))),
  ]
}

function image(m) {
  const data = String(m.base64 || '')
  if (!data) return [el('div', { class: 'line dim' }, `${words.picture} ${m.media_id || ''}`)]
  const kind = data.startsWith('/9j/') ? 'jpeg' : 'png'
  return [el('img', { src: `data:image/${kind};base64,${data}`, alt: words.picture })]
}

const stored = (m) => [el('div', { class: 'stored' }, `📎 ${m.title || words.file}`, el('small', {}, String(m.media_id || '')))]

const kinds = {
  text: (m) => [...plain(m.content), ...called(m)],
  // DingTalk shows the title of these in notifications only, so it is in the line above.
  markdown: (m) => (m.content === undefined ? markdown(m.text, DINGTALK) : markdown(m.content, VERSION_1)),
  markdown_v2: (m) => markdown(m.content, VERSION_2),
  link: (m) => [el('div', { class: 'entry' },
    el('div', { class: 'words' }, el('strong', {}, link(m.title, m.messageUrl)), el('p', { class: 'dim' }, String(m.text || ''))),
    ...some(m.picUrl, picture(m.picUrl, '', 'thumb')))],
  actionCard: (m) => [...markdown(m.text, DINGTALK), ...(m.singleTitle
    ? buttons([[m.singleTitle, m.singleURL]], true)
    : buttons(list(m.btns).map((b) => [b.title, b.actionURL]), m.btnOrientation !== '1'))],
  feedCard: (m) => feed(list(m.links).map((l) => [l.title, l.messageURL, l.picURL])),
  news: (m) => feed(list(m.articles).map((a) => [a.title, a.url, a.picurl, a.description])),
  textcard, template_card: template, image, file: stored, voice: stored, video: stored,
}

// A refused message may have any shape; it is then shown as its payload alone.
function drawn(payload) {
  const message = payload[payload.msgtype]
  if (!Object.hasOwn(kinds, payload.msgtype) || !message || typeof message !== 'object') return []
  try {
    return kinds[payload.msgtype](message)
  } catch {
    return []
  }
}

// What a phone's notification says, where the message itself does not show it.
function notice(payload) {
  const message = part(payload[payload.msgtype])
  const hidden = (payload.msgtype === 'markdown' && message.text !== undefined) || payload.msgtype === 'actionCard'
  return hidden && message.title ? `🔔 ${message.title}` : ''
}

function card(item) {
  const payload = item.payload || {}
  const meta = el('div', { class: 'meta' },
    el('span', {}, new Date(item.received_at).toLocaleString()),
    el('span', {}, String(item.robot)), el('span', {}, String(payload.msgtype || '')),
    ...some(notice(payload), el('span', {}, notice(payload))))
  if (!item.accepted) meta.append(el('span', { class: 'bad' }, `${words.refused} ${item.errcode}`))
  const body = el('div', { class: `body ${String(payload.msgtype || '').replace(/\W/g, '')}` }, ...drawn(payload))
  const raw = el('pre', {}, JSON.stringify(item.payload, null, 2))
  return el('article', { class: item.accepted ? '' : 'refused' }, meta, body, el('details', {}, el('summary', {}, words.raw), raw))
}
