"""人员与客户端的变更 · Changes of people and clients by two people: giving power takes two, taking it one"""
